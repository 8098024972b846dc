#include "logplex/model/snapshot.hpp"

#include <charconv>

#include "logplex/model/key_hash.hpp"

namespace sluice {
namespace {

template <class Pointer>
auto raw(const Pointer* found) -> decltype(found->get()) {
  return found == nullptr ? nullptr : found->get();
}

/// At most `limit` items, and the cursor when there are more.
template <class T, class Pages, class KeyOf>
Page<T> page_of(const Pages& pages, std::string_view cursor, std::size_t limit, KeyOf key_of) {
  Page<T> page{pages.after(cursor, limit + 1), {}};
  if (page.items.size() <= limit) return page;
  page.items.pop_back();
  if (!page.items.empty()) page.next = key_of(*page.items.back());
  return page;
}

}  // namespace

const AppEntry* ConfigSnapshot::app(std::string_view name) const {
  return raw(apps_.find(hash_of(name), [name](const AppEntry& entry) { return entry.app.name == name; }));
}

const HostEntry* ConfigSnapshot::host(std::string_view lower_host) const {
  const auto same = [lower_host](const HostEntry& entry) { return entry.host == lower_host; };
  return raw(hosts_.find(hash_of(lower_host), same));
}

const AppEntry* ConfigSnapshot::app_by_host(std::string_view text) const {
  constexpr std::size_t kLongest = 253;
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > kLongest || hosts_.size() == 0) return nullptr;
  char buffer[kLongest + 2];
  for (std::size_t i = 0; i < text.size(); ++i)
    buffer[i + 1] = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] | 0x20) : text[i];
  const std::string_view lower(buffer + 1, text.size());
  if (const auto* exact = host(lower)) return exact->app.get();
  // "www.example.com": the byte before each dot becomes '*', longest suffix first.
  for (auto dot = lower.find('.'); dot != std::string_view::npos; dot = lower.find('.', dot + 1)) {
    buffer[dot] = '*';
    if (const auto* wildcard = host({buffer + dot, text.size() + 1 - dot})) return wildcard->app.get();
  }
  return nullptr;
}

const AppEntry* ConfigSnapshot::owner_of_domain(std::string_view domain) const {
  const auto* found = host(domain);
  return found == nullptr ? nullptr : found->app.get();
}

const ChannelEntry* ConfigSnapshot::channel(std::string_view id) const {
  return raw(channels_.find(hash_of(id), [id](const ChannelEntry& entry) { return entry.channel.id == id; }));
}

const TokenEntry* ConfigSnapshot::token(const Uuid& value) const {
  return raw(tokens_.find(hash_of(value), [&value](const TokenEntry& entry) { return entry.token.value == value; }));
}

const DrainEntry* ConfigSnapshot::drain(std::uint64_t id) const {
  return raw(drains_.find(hash_of(id), [id](const DrainEntry& entry) { return entry.drain.id == id; }));
}

const DrainEntry* ConfigSnapshot::drain(std::string_view channel_id, std::string_view id_or_token) const {
  const auto* owner = channel_id.empty() ? nullptr : channel(channel_id);
  if (owner == nullptr && !channel_id.empty()) return nullptr;
  const auto& drains = owner == nullptr ? global_drains_ : owner->drains;
  std::uint64_t id = 0;
  const auto [end, ec] = std::from_chars(id_or_token.data(), id_or_token.data() + id_or_token.size(), id);
  const bool numeric = ec == std::errc() && end == id_or_token.data() + id_or_token.size();
  const auto token = parse_token('d', id_or_token);
  for (const auto& entry : drains)
    if ((numeric && entry->drain.id == id) || (token && entry->drain.token == *token)) return entry.get();
  return nullptr;
}

const Session* ConfigSnapshot::session(const Uuid& uuid) const {
  return raw(sessions_.find(hash_of(uuid), [&uuid](const Session& session) { return session.uuid == uuid; }));
}

const ApiKey* ConfigSnapshot::key(std::string_view id) const {
  return raw(keys_.find(hash_of(id), [id](const ApiKey& key) { return key.id == id; }));
}

const ApiKey* ConfigSnapshot::key_by_hash(const KeyHash& hash) const {
  const std::string_view bytes(reinterpret_cast<const char*>(hash.data()), hash.size());
  return raw(keys_by_hash_.find(hash_of(bytes), [&hash](const ApiKey& key) { return key.hash == hash; }));
}

const Credential* ConfigSnapshot::credential(std::string_view id) const {
  return raw(credentials_.find(hash_of(id), [id](const Credential& credential) { return credential.id == id; }));
}

std::vector<const ApiKey*> ConfigSnapshot::keys_waiting_for(std::string_view id) const {
  std::vector<const ApiKey*> waiting;
  const auto* named = keys_of_channel(id);
  for (std::size_t i = 0; named != nullptr && i < named->keys.size(); ++i) {
    const ApiKey* key = named->keys[i].get();
    if (!std::ranges::lower_bound(*key->channels, id, {}, &KeyChannel::id)->incarnation) waiting.push_back(key);
  }
  return waiting;
}

const ChannelKeys* ConfigSnapshot::keys_of_channel(std::string_view id) const {
  return raw(keys_of_channel_.find(hash_of(id), [id](const ChannelKeys& keys) { return keys.channel == id; }));
}

std::vector<const HostEntry*> ConfigSnapshot::hosts_below(std::string_view domain, std::string_view after,
                                                          std::size_t limit) const {
  const auto above = std::string(domain.rbegin(), domain.rend()) + ".";
  auto out = hosts_in_order_.after(std::max<std::string_view>(above, after), limit);
  std::erase_if(out, [&above](const HostEntry* entry) { return !entry->backwards.starts_with(above); });
  return out;
}

Page<AppEntry> ConfigSnapshot::apps(std::string_view cursor, std::size_t limit) const {
  return page_of<AppEntry>(apps_in_order_, cursor, limit, [](const AppEntry& entry) { return entry.app.name; });
}

Page<ChannelEntry> ConfigSnapshot::channels(std::string_view cursor, std::size_t limit) const {
  return page_of<ChannelEntry>(channels_in_order_, cursor, limit,
                               [](const ChannelEntry& entry) { return entry.channel.id; });
}

Page<ApiKey> ConfigSnapshot::keys(std::string_view cursor, std::size_t limit) const {
  return page_of<ApiKey>(keys_in_order_, cursor, limit, [](const ApiKey& key) { return key.id; });
}

}  // namespace sluice
