#include "logplex/model/decide/snapshot_editor.hpp"

#include <algorithm>
#include <charconv>

#include "logplex/base/partition.hpp"
#include "logplex/model/config_error.hpp"
#include "logplex/model/key_hash.hpp"

namespace sluice {
namespace {

template <class T, class Less>
void put_sorted(std::vector<std::shared_ptr<const T>>& list, std::shared_ptr<const T> entry, Less less) {
  const auto at =
      std::lower_bound(list.begin(), list.end(), entry, [&less](const auto& a, const auto& b) { return less(*a, *b); });
  if (at != list.end() && !less(*entry, **at)) {
    *at = std::move(entry);
    return;
  }
  const auto index = at - list.begin();
  list.reserve(list.size() + 1);
  list.insert(list.begin() + index, std::move(entry));
}

bool token_before(const TokenEntry& a, const TokenEntry& b) {
  return std::tie(a.token.name, a.token.id) < std::tie(b.token.name, b.token.id);
}

bool drain_before(const DrainEntry& a, const DrainEntry& b) { return a.drain.id < b.drain.id; }

const TokenEntry* token_with_id(const ChannelEntry& channel, std::uint64_t id) {
  for (const auto& entry : channel.tokens)
    if (entry->token.id == id) return entry.get();
  return nullptr;
}

/// Ids from here on do not move the counters: a very high id that somebody chose must not use up the numbers that are
/// left.
constexpr std::uint64_t kCounted = 1'000'000'000'000'000;

std::uint64_t number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  return ec == std::errc() && end == text.data() + text.size() ? value : 0;
}

bool same_options(const Drain& a, Drain b) {
  b.paused = a.paused;
  return a == b;
}

std::vector<BackendSlot> backend_slots(const App& app, const AppEntry* before, SlotSequence& slots) {
  std::vector<BackendSlot> out;
  out.reserve(app.backends.size());
  for (const auto& backend : app.backends) {
    BackendSlot slot;
    for (std::size_t i = 0; before != nullptr && i < before->backends.size(); ++i) {
      const auto& old = before->app.backends[i];
      if (old.name == backend.name && old.address == backend.address) slot = before->backends[i];
    }
    out.push_back(slot.valid() ? slot : slots.backend());
  }
  return out;
}

auto same_app(std::string_view name) {
  return [name](const AppEntry& entry) { return entry.app.name == name; };
}
auto same_host(std::string_view host) {
  return [host](const HostEntry& entry) { return entry.host == host; };
}
auto same_channel(std::string_view id) {
  return [id](const ChannelEntry& entry) { return entry.channel.id == id; };
}
auto same_value(const Uuid& value) {
  return [value](const TokenEntry& entry) { return entry.token.value == value; };
}
auto same_drain(std::uint64_t id) {
  return [id](const DrainEntry& entry) { return entry.drain.id == id; };
}
auto same_session(const Uuid& uuid) {
  return [uuid](const Session& session) { return session.uuid == uuid; };
}
auto same_key(std::string_view id) {
  return [id](const ApiKey& key) { return key.id == id; };
}
auto same_hash(const KeyHash& hash) {
  return [hash](const ApiKey& key) { return key.hash == hash; };
}
/// The names under which ChannelKeys lists the key.
std::vector<std::string> names_of(const ApiKey& key) {
  std::vector<std::string> names;
  if (!key.limited()) return names;
  for (const auto& channel : *key.channels) names.push_back(channel.id);
  if (names.empty()) names.push_back(keys_without_channels(key.sharer()));
  return names;
}

auto same_named(std::string_view channel) {
  return [channel](const ChannelKeys& keys) { return keys.channel == channel; };
}
auto same_credential(std::string_view id) {
  return [id](const Credential& credential) { return credential.id == id; };
}

std::uint64_t hash_of_hash(const KeyHash& hash) {
  return hash_of(std::string_view(reinterpret_cast<const char*>(hash.data()), hash.size()));
}

}  // namespace

ConfigSnapshot SnapshotEditor::empty(SlotSequence& slots) {
  ConfigSnapshot config;
  ChangedKeys ignored;
  SnapshotEditor(config, slots, ignored).put(Channel{std::string(kRouterChannel), {}, {}, {}});
  return config;
}

void SnapshotEditor::apply(const Effect& effect) {
  if (effect.entry) {
    std::visit([this](const auto& entry) { put(entry); }, *effect.entry);
    return;
  }
  switch (effect.kind) {
    case EntryKind::kApp:
      return erase_app(effect.key);
    case EntryKind::kChannel:
      return erase_channel(effect.key);
    case EntryKind::kToken:
      return erase_token(effect.key);
    case EntryKind::kDrain:
      return erase_drain(effect.key);
    case EntryKind::kSession:
      return erase_session(effect.key);
    case EntryKind::kApiKey:
      return erase_key(effect.key);
    case EntryKind::kCredential:
      return erase_credential(effect.key);
  }
}

void SnapshotEditor::raise_counters(std::uint64_t next_drain_id, std::uint64_t next_channel_id) {
  config_.next_drain_id_ = std::max(config_.next_drain_id_, next_drain_id);
  config_.next_channel_id_ = std::max(config_.next_channel_id_, next_channel_id);
}

// Apps

void SnapshotEditor::set_channel_of(AppEntry& entry) const {
  const auto* channel = config_.channel(entry.app.channel());
  if (channel == nullptr) channel = config_.router_channel_.get();
  entry.channel = channel->slot;
  entry.partition = channel->partition;
}

void SnapshotEditor::store_app(std::shared_ptr<const AppEntry> entry) {
  for (const auto& domain : entry->app.domains) {
    auto host = std::make_shared<const HostEntry>(HostEntry{domain, entry, {domain.rbegin(), domain.rend()}});
    config_.hosts_in_order_.put(host);
    config_.hosts_.put(hash_of(domain), std::move(host), same_host(domain));
  }
  changed_.apps.push_back({entry->app.name, entry->slot});
  config_.apps_.put(hash_of(entry->app.name), entry, same_app(entry->app.name));
  config_.apps_in_order_.put(std::move(entry));
}

void SnapshotEditor::erase_hosts(const std::vector<std::string>& domains) {
  for (const auto& domain : domains) {
    config_.hosts_in_order_.erase(std::string(domain.rbegin(), domain.rend()));
    config_.hosts_.erase(hash_of(domain), same_host(domain));
  }
}

void SnapshotEditor::put(const App& app) {
  const auto* before = config_.app(app.name);
  auto entry = std::make_shared<AppEntry>();
  entry->app = app;
  entry->slot = before != nullptr ? before->slot : slots_.app();
  entry->backends = backend_slots(app, before, slots_);
  set_channel_of(*entry);
  if (before != nullptr) erase_hosts(before->app.domains);
  store_app(std::move(entry));
}

void SnapshotEditor::erase_app(std::string_view name) {
  const auto* found = config_.apps_.find(hash_of(name), same_app(name));
  if (found == nullptr) return;
  const auto before = *found;
  erase_hosts(before->app.domains);
  changed_.apps.push_back({before->app.name, before->slot});
  config_.apps_in_order_.erase(name);
  config_.apps_.erase(hash_of(name), same_app(name));
}

void SnapshotEditor::rewire_app(std::string_view name) {
  const auto* before = config_.app(name);
  if (before == nullptr) return;
  auto entry = std::make_shared<AppEntry>(*before);
  set_channel_of(*entry);
  store_app(std::move(entry));
}

// Channels

void SnapshotEditor::store_channel(std::shared_ptr<const ChannelEntry> entry) {
  if (entry->channel.id == kRouterChannel) config_.router_channel_ = entry;
  config_.channels_.put(hash_of(entry->channel.id), entry, same_channel(entry->channel.id));
  config_.channels_in_order_.put(std::move(entry));
}

void SnapshotEditor::count_from(std::string_view channel_id) {
  const auto number = number_of(channel_id);
  if (number != 0 && number < kCounted) raise_counters(0, number + 1);
}

void SnapshotEditor::put(const Channel& channel) {
  const auto* before = config_.channel(channel.id);
  auto entry = before != nullptr ? std::make_shared<ChannelEntry>(*before) : std::make_shared<ChannelEntry>();
  entry->channel = channel;
  if (before == nullptr) {
    entry->slot = slots_.channel();
    entry->partition = partition_of(channel.id);
    count_from(channel.id);
  }
  changed_.channels.push_back({channel.id, entry->slot});
  store_channel(std::move(entry));
  if (before == nullptr) rewire_app(channel.id);
}

void SnapshotEditor::erase_channel(std::string_view id) {
  const auto* found = config_.channels_.find(hash_of(id), same_channel(id));
  if (found == nullptr || id == kRouterChannel) return;
  const auto before = *found;
  for (const auto& token : before->tokens) erase_token(token_key(id, token->token.id));
  for (const auto& drain : before->drains) erase_drain(std::to_string(drain->drain.id));
  changed_.channels.push_back({before->channel.id, before->slot});
  config_.channels_in_order_.erase(id);
  config_.channels_.erase(hash_of(id), same_channel(id));
  rewire_app(before->channel.id);
}

// Tokens

void SnapshotEditor::put(const Token& token) {
  erase_token(token_key(token.channel, token.id));
  const auto* owner = config_.channel(token.channel);
  if (owner == nullptr) return;
  auto entry = std::make_shared<const TokenEntry>(TokenEntry{token, owner->slot, owner->partition});
  auto channel = std::make_shared<ChannelEntry>(*owner);
  put_sorted(channel->tokens, entry, token_before);
  changed_.tokens.push_back(token.value);
  config_.tokens_.put(hash_of(token.value), std::move(entry), same_value(token.value));
  store_channel(std::move(channel));
}

void SnapshotEditor::erase_token(std::string_view key) {
  const auto slash = key.rfind('/');
  const auto id = slash == std::string_view::npos ? std::nullopt : parse_token_id(key.substr(slash + 1));
  const auto* owner = id ? config_.channel(key.substr(0, slash)) : nullptr;
  const auto* found = owner == nullptr ? nullptr : token_with_id(*owner, *id);
  if (found == nullptr) return;
  const auto value = found->token.value;
  auto channel = std::make_shared<ChannelEntry>(*owner);
  std::erase_if(channel->tokens, [&value](const auto& entry) { return entry->token.value == value; });
  changed_.tokens.push_back(value);
  config_.tokens_.erase(hash_of(value), same_value(value));
  store_channel(std::move(channel));
}

// Drains

void SnapshotEditor::put(const Drain& drain) {
  const auto* owner = drain.global() ? nullptr : config_.channel(drain.channel);
  if (owner == nullptr && !drain.global()) return;
  const auto* before = config_.drain(drain.id);
  auto entry = std::make_shared<DrainEntry>();
  entry->drain = drain;
  entry->changed_at = before != nullptr && same_options(before->drain, drain) ? before->changed_at : config_.revision_;
  if (owner != nullptr) entry->channel = owner->slot;
  if (owner != nullptr) entry->partition = owner->partition;
  changed_.drains.push_back({drain.id, entry->channel, entry->partition});
  if (drain.id < kCounted) raise_counters(drain.id + 1, 0);
  config_.drains_.put(hash_of(drain.id), entry, same_drain(drain.id));
  if (owner == nullptr) return put_sorted<DrainEntry>(config_.global_drains_, std::move(entry), drain_before);
  auto channel = std::make_shared<ChannelEntry>(*owner);
  put_sorted<DrainEntry>(channel->drains, std::move(entry), drain_before);
  store_channel(std::move(channel));
}

void SnapshotEditor::erase_drain(std::string_view key) {
  const auto id = number_of(key);
  const auto* found = config_.drain(id);
  if (found == nullptr) return;
  const auto with_id = [id](const auto& entry) { return entry->drain.id == id; };
  changed_.drains.push_back({id, found->channel, found->partition});
  if (found->drain.global()) {
    std::erase_if(config_.global_drains_, with_id);
  } else {
    auto channel = std::make_shared<ChannelEntry>(*config_.channel(found->drain.channel));
    std::erase_if(channel->drains, with_id);
    store_channel(std::move(channel));
  }
  config_.drains_.erase(hash_of(id), same_drain(id));
}

// Access

void SnapshotEditor::put(const Session& session) {
  changed_.sessions.push_back(session.uuid);
  config_.sessions_.put(hash_of(session.uuid), std::make_shared<const Session>(session), same_session(session.uuid));
}

void SnapshotEditor::erase_session(std::string_view key) {
  const auto uuid = Uuid::parse(key);
  if (!uuid) return;
  changed_.sessions.push_back(*uuid);
  config_.sessions_.erase(hash_of(*uuid), same_session(*uuid));
}

void SnapshotEditor::name_key(const std::string& channel, const std::shared_ptr<const ApiKey>& key) {
  const auto* before = config_.keys_of_channel(channel);
  auto entry = std::make_shared<ChannelKeys>(before != nullptr ? *before : ChannelKeys{channel, {}});
  put_sorted<ApiKey>(entry->keys, key, [](const ApiKey& a, const ApiKey& b) { return a.id < b.id; });
  config_.keys_of_channel_.put(hash_of(channel), std::move(entry), same_named(channel));
}

void SnapshotEditor::unname_key(const std::string& channel, std::string_view key) {
  const auto* before = config_.keys_of_channel(channel);
  if (before == nullptr) return;
  auto entry = std::make_shared<ChannelKeys>(*before);
  std::erase_if(entry->keys, [key](const auto& other) { return other->id == key; });
  if (entry->keys.empty())
    config_.keys_of_channel_.erase(hash_of(channel), same_named(channel));
  else
    config_.keys_of_channel_.put(hash_of(channel), std::move(entry), same_named(channel));
}

void SnapshotEditor::put(const ApiKey& key) {
  erase_key(key.id);
  auto entry = std::make_shared<const ApiKey>(key);
  changed_.keys.push_back(key.id);
  config_.keys_by_hash_.put(hash_of_hash(key.hash), entry, same_hash(key.hash));
  config_.keys_in_order_.put(entry);
  for (const auto& name : names_of(key)) name_key(name, entry);
  config_.keys_.put(hash_of(key.id), std::move(entry), same_key(key.id));
}

void SnapshotEditor::erase_key(std::string_view id) {
  const auto* found = config_.key(id);
  if (found == nullptr) return;
  changed_.keys.emplace_back(id);
  for (const auto& name : names_of(*found)) unname_key(name, found->id);
  config_.keys_by_hash_.erase(hash_of_hash(found->hash), same_hash(found->hash));
  config_.keys_in_order_.erase(id);
  config_.keys_.erase(hash_of(id), same_key(id));
}

void SnapshotEditor::put(const Credential& credential) {
  changed_.credentials.push_back(credential.id);
  config_.credentials_.put(hash_of(credential.id), std::make_shared<const Credential>(credential),
                           same_credential(credential.id));
}

void SnapshotEditor::erase_credential(std::string_view id) {
  changed_.credentials.emplace_back(id);
  config_.credentials_.erase(hash_of(id), same_credential(id));
}

}  // namespace sluice
