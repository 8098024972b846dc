#include "logplex/store/redis_image.hpp"

#include <algorithm>
#include <set>

#include "logplex/store/store.hpp"

namespace sluice {
namespace {

std::size_t index_of(EntryKind kind) { return static_cast<std::size_t>(kind); }

/// "put:app:shop" and its value.
std::optional<RedisEvent::Part> parse_part(std::string_view name, const std::string& value) {
  const bool put = name.starts_with("put:");
  if (!put && !name.starts_with("del:")) return std::nullopt;
  name.remove_prefix(4);
  const auto colon = name.find(':');
  const auto kind = colon == std::string_view::npos ? std::nullopt : parse_kind(name.substr(0, colon));
  if (!kind) return std::nullopt;
  RedisEvent::Part part{*kind, std::string(name.substr(colon + 1)), std::nullopt};
  if (put) part.value = value;
  return part;
}

/// The domains of `app` that `kept` names too.
App shrunk(App app, const std::vector<std::string>& kept) {
  const std::set<std::string> names(kept.begin(), kept.end());
  std::erase_if(app.domains, [&names](const std::string& domain) { return names.count(domain) == 0; });
  return app;
}

}  // namespace

std::vector<std::string_view> RedisMeta::fields() {
  return {"history", "revision", "checksum", "next_drain_id", "next_channel_id", "readable_by", "accepted", "loading"};
}

RedisMeta RedisMeta::from(const RedisReply& reply) {
  RedisMeta meta;
  meta.history = reply.number_at(0);
  meta.revision = reply.number_at(1);
  meta.sum = EntrySum(reply.number_at(2));
  meta.next_drain_id = std::max<std::uint64_t>(reply.number_at(3), 1);
  meta.next_channel_id = std::max<std::uint64_t>(reply.number_at(4), 1);
  meta.readable_by = std::max<std::uint64_t>(reply.number_at(5), 1);
  meta.accepted = reply.number_at(6);
  meta.loading = !reply.text_at(7).empty();
  return meta;
}

std::optional<RedisEvent> RedisEvent::from(const RedisReply& entry) {
  const auto& id = entry.text_at(0);
  const auto revision = parse_decimal(std::string_view(id).substr(0, id.find('-')));
  if (!revision || entry.list.size() != 2) return std::nullopt;
  RedisEvent event;
  event.revision = *revision;
  const auto& fields = entry.list[1];
  for (std::size_t i = 0; i + 1 < fields.list.size(); i += 2) {
    const auto& name = fields.text_at(i);
    if (name == "sum") event.sum = EntrySum(fields.number_at(i + 1));
    if (name == "by") event.by = fields.text_at(i + 1);
    if (auto part = parse_part(name, fields.text_at(i + 1))) event.parts.push_back(std::move(*part));
  }
  return event;
}

void RedisRows::apply(const RedisEvent& event) {
  for (const auto& part : event.parts) {
    auto& rows = values[index_of(part.kind)];
    if (part.value)
      rows[part.key] = *part.value;
    else
      rows.erase(part.key);
  }
  meta.revision = event.revision;
  meta.sum = event.sum;
}

RedisImage::RedisImage(EntryIntake intake, std::uint64_t history) : intake_(std::move(intake)), history_(history) {
  if (history_ == 0 && revision() == 0) return;
  for (const auto& effect : everything()) remember(effect.kind, effect.key, encode_entry(*effect.entry));
}

std::string RedisImage::state_of(EntryKind kind, const std::string& key) const {
  const auto& states = states_[index_of(kind)];
  const auto found = states.find(key);
  return found == states.end() ? std::string() : digest_text(found->second);
}

void RedisImage::remember(EntryKind kind, const std::string& key, const std::string& value) {
  forget(kind, key);
  const auto digest = entry_digest(kind, key, value);
  states_[index_of(kind)][key] = digest;
  sum_.add(digest);
}

void RedisImage::forget(EntryKind kind, const std::string& key) {
  auto& states = states_[index_of(kind)];
  const auto found = states.find(key);
  if (found == states.end()) return;
  sum_.remove(found->second);
  states.erase(found);
}

void RedisImage::remove(EntryKind kind, const std::string& key, ChangedKeys& changed, std::vector<Effect>& written) {
  forget(kind, key);
  Effect effect{kind, key, std::nullopt};
  intake_.editor(changed).apply(effect);
  intake_.release({effect});
  written.push_back(std::move(effect));
}

void RedisImage::write(EntryKind kind, const std::string& key, const std::string& value, ChangedKeys& changed,
                       std::vector<Effect>& written) {
  remember(kind, key, value);
  auto entry = decode_entry(kind, key, value);
  if (entry.has_error()) {
    intake_.take(kind, key, value, changed);
    return;
  }
  Effect effect{kind, key, std::move(*entry)};
  if (intake_.put(effect, changed)) written.push_back(std::move(effect));
}

bool RedisImage::apply(const RedisEvent& event, ChangedKeys& changed, std::vector<Effect>& written) {
  if (event.revision != revision() + 1) return false;
  intake_.editor(changed).set_revision(event.revision);
  for (const auto& part : event.parts) {
    if (part.value)
      write(part.kind, part.key, *part.value, changed, written);
    else
      remove(part.kind, part.key, changed, written);
  }
  return sum_.plus(offset_) == event.sum;
}

RedisImage::Loss RedisImage::loss(const RedisRows& rows) const {
  Loss loss;
  for (std::size_t kind = 0; kind < kEntryKinds; ++kind) {
    // Sessions come and go by themselves.
    if (EntryKind(kind) == EntryKind::kSession) continue;
    loss.known += states_[kind].size();
    for (const auto& [key, digest] : states_[kind]) loss.deleted += rows.values[kind].count(key) == 0 ? 1U : 0U;
  }
  return loss;
}

void RedisImage::remove_missing(const RedisRows& rows, ChangedKeys& changed, std::vector<Effect>& written) {
  for (auto kind = std::rbegin(kLoadOrder); kind != std::rend(kLoadOrder); ++kind) {
    std::vector<std::string> gone;
    for (const auto& [key, digest] : states_[index_of(*kind)])
      if (rows.values[index_of(*kind)].count(key) == 0) gone.push_back(key);
    for (const auto& key : gone) remove(*kind, key, changed, written);
  }
}

/// Rows that are not as they were last seen, in load order; what cannot be read is quarantined.
std::vector<Effect> RedisImage::read_changed(const RedisRows& rows, ChangedKeys& changed) {
  std::vector<Effect> puts;
  for (const auto kind : kLoadOrder) {
    for (const auto& [key, value] : rows.values[index_of(kind)]) {
      const auto known = states_[index_of(kind)].find(key);
      const auto digest = entry_digest(kind, key, value);
      if (known != states_[index_of(kind)].end() && known->second == digest) continue;
      remember(kind, key, value);
      auto entry = decode_entry(kind, key, value);
      if (entry.has_value())
        puts.push_back({kind, key, std::move(*entry)});
      else
        intake_.take(kind, key, value, changed);
    }
  }
  return puts;
}

/// Entries that changed may have swapped what only one can have: each gives up first what it will not keep.
void RedisImage::make_room(const Effect& put, SnapshotEditor& editor) {
  if (const auto* app = std::get_if<App>(&*put.entry)) {
    const auto* before = config().app(put.key);
    if (before != nullptr) editor.apply({put.kind, put.key, shrunk(before->app, app->domains)});
  } else if (const auto* drain = std::get_if<Drain>(&*put.entry)) {
    const auto* before = config().drain(drain->id);
    if (before != nullptr && before->drain.channel != drain->channel) editor.apply({put.kind, put.key, std::nullopt});
  } else if (put.kind == EntryKind::kToken || put.kind == EntryKind::kApiKey) {
    editor.apply({put.kind, put.key, std::nullopt});
  }
}

void RedisImage::make_room(const std::vector<Effect>& puts, ChangedKeys& changed) {
  auto editor = intake_.editor(changed);
  for (const auto& put : puts) make_room(put, editor);
}

std::size_t RedisImage::replace(const RedisRows& rows, ChangedKeys& changed, std::vector<Effect>& written) {
  intake_.editor(changed).set_revision(rows.meta.revision);
  remove_missing(rows, changed, written);
  auto puts = read_changed(rows, changed);
  make_room(puts, changed);
  std::size_t differing = written.size() + puts.size();
  for (auto& put : puts)
    if (intake_.put(put, changed)) written.push_back(std::move(put));
  intake_.editor(changed).raise_counters(rows.meta.next_drain_id, rows.meta.next_channel_id);
  history_ = rows.meta.history;
  offset_ = rows.meta.sum.minus(sum_);
  return differing;
}

std::vector<Effect> RedisImage::everything() const {
  std::vector<Effect> out;
  const auto add = [&out](const Entry& entry) { out.push_back({kind_of(entry), key_of(entry), entry}); };
  config().for_each_channel([&](const ChannelEntry& entry) { add(entry.channel); });
  config().for_each_app([&](const AppEntry& entry) { add(entry.app); });
  config().for_each_token([&](const TokenEntry& entry) { add(entry.token); });
  config().for_each_drain([&](const DrainEntry& entry) { add(entry.drain); });
  config().for_each_session([&](const Session& session) { add(session); });
  config().for_each_key([&](const ApiKey& key) { add(key); });
  config().for_each_credential([&](const Credential& credential) { add(credential); });
  return out;
}

}  // namespace sluice
