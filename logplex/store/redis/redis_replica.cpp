#include "logplex/store/redis/redis_replica.hpp"

#include <algorithm>
#include <set>

#include "logplex/model/sealed_entry.hpp"
#include "logplex/store/store.hpp"

namespace sluice {
namespace {

std::size_t index_of(EntryKind kind) { return static_cast<std::size_t>(kind); }

/// `app` with only those domains that `kept` names too.
App shrunk(App app, const std::vector<std::string>& kept) {
  const std::set<std::string> names(kept.begin(), kept.end());
  std::erase_if(app.domains, [&names](const std::string& domain) { return names.count(domain) == 0; });
  return app;
}

}  // namespace

RedisReplica::RedisReplica(EntryLoader loader, std::uint64_t history) : loader_(std::move(loader)), history_(history) {
  if (history_ == 0 && revision() == 0) return;
  for (const auto& effect : everything())
    remember(effect.kind, effect.key,
             entry_digest(effect.kind, effect.key, encode_entry(*effect.entry, loader_.seal())));
}

std::string RedisReplica::state_of(EntryKind kind, const std::string& key) const {
  const auto& states = states_[index_of(kind)];
  const auto found = states.find(key);
  return found == states.end() ? std::string() : digest_text(found->second);
}

void RedisReplica::remember(EntryKind kind, const std::string& key, std::uint64_t digest) {
  forget(kind, key);
  states_[index_of(kind)][key] = digest;
  sum_.add(digest);
}

void RedisReplica::forget(EntryKind kind, const std::string& key) {
  auto& states = states_[index_of(kind)];
  const auto found = states.find(key);
  if (found == states.end()) return;
  sum_.remove(found->second);
  states.erase(found);
}

void RedisReplica::remove(EntryKind kind, const std::string& key, ChangedKeys& changed, std::vector<Effect>& written) {
  forget(kind, key);
  contest_.forget(kind, key);
  Effect effect{kind, key, std::nullopt};
  loader_.editor(changed).apply(effect);
  loader_.release({effect});
  written.push_back(std::move(effect));
}

void RedisReplica::write(EntryKind kind, const std::string& key, const std::string& value, ChangedKeys& changed,
                         std::vector<Effect>& written) {
  remember(kind, key, entry_digest(kind, key, value));
  auto entry = decode_entry(kind, key, value, loader_.seal());
  if (entry.has_error()) {
    loader_.leave_out(kind, key, entry.error().message, changed);
    contest_.forget(kind, key);
    return;
  }
  contest_.put({kind, key, std::move(*entry)}, {loader_, changed, written});
}

bool RedisReplica::apply(const RedisEvent& event, ChangedKeys& changed, std::vector<Effect>& written) {
  if (event.revision != revision() + 1) return false;
  loader_.editor(changed).set_revision(event.revision);
  for (const auto& part : event.parts) {
    if (part.value)
      write(part.kind, part.key, *part.value, changed, written);
    else if (part.digest)
      remember(part.kind, part.key, *part.digest);
    else
      remove(part.kind, part.key, changed, written);
  }
  contest_.settle({loader_, changed, written});
  return sum() == event.sum;
}

RedisReplica::Loss RedisReplica::loss(const RedisRows& rows) const {
  Loss loss;
  for (std::size_t kind = 0; kind < kEntryKinds; ++kind) {
    // Sessions expire, so their loss means nothing.
    if (EntryKind(kind) == EntryKind::kSession) continue;
    loss.known += states_[kind].size();
    for (const auto& [key, digest] : states_[kind]) loss.deleted += rows.values[kind].count(key) == 0 ? 1U : 0U;
  }
  return loss;
}

void RedisReplica::remove_missing(const RedisRows& rows, ChangedKeys& changed, std::vector<Effect>& written) {
  for (auto kind = std::rbegin(kLoadOrder); kind != std::rend(kLoadOrder); ++kind) {
    std::vector<std::string> gone;
    for (const auto& [key, digest] : states_[index_of(*kind)])
      if (rows.values[index_of(*kind)].count(key) == 0) gone.push_back(key);
    for (const auto& key : gone) remove(*kind, key, changed, written);
  }
}

bool RedisReplica::is_known(EntryKind kind, const std::string& key, std::uint64_t digest) const {
  const auto& states = states_[index_of(kind)];
  const auto known = states.find(key);
  return known != states.end() && known->second == digest;
}

/// The rows that differ from their last seen state, in load order. Quarantines those that cannot be read.
std::vector<Effect> RedisReplica::read_changed(const RedisRows& rows, ChangedKeys& changed) {
  std::vector<Effect> puts;
  for (const auto kind : kLoadOrder) {
    for (const auto& [key, value] : rows.values[index_of(kind)]) {
      if (value.too_large) loader_.leave_out(kind, key, "is larger than 4 MiB", changed);
      const auto digest = value.digest.value_or(value.text ? entry_digest(kind, key, *value.text) : 0);
      if (is_known(kind, key, digest)) continue;
      remember(kind, key, digest);
      if (!value.text) continue;
      auto entry = decode_entry(kind, key, *value.text, loader_.seal());
      if (entry.has_value()) {
        puts.push_back({kind, key, std::move(*entry)});
      } else {
        loader_.leave_out(kind, key, entry.error().message, changed);
        contest_.forget(kind, key);
      }
    }
  }
  return puts;
}

/// Changed entries may have swapped a claim, such as a domain. So each first gives up the claims that it will not keep.
void RedisReplica::make_room(const Effect& put, SnapshotEditor& editor) {
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

void RedisReplica::make_room(const std::vector<Effect>& puts, ChangedKeys& changed) {
  auto editor = loader_.editor(changed);
  for (const auto& put : puts) make_room(put, editor);
}

std::size_t RedisReplica::replace(const RedisRows& rows, ChangedKeys& changed, std::vector<Effect>& written) {
  loader_.editor(changed).set_revision(rows.meta.revision);
  remove_missing(rows, changed, written);
  auto puts = read_changed(rows, changed);
  make_room(puts, changed);
  std::size_t differing = written.size() + puts.size();
  const EntryContest::Turn turn{loader_, changed, written};
  for (auto& put : puts) contest_.put(std::move(put), turn);
  contest_.settle(turn);
  loader_.editor(changed).raise_counters(rows.meta.next_drain_id, rows.meta.next_channel_id);
  history_ = rows.meta.history;
  offset_ = rows.meta.sum.minus(sum_);
  return differing;
}

std::vector<Effect> RedisReplica::everything() const {
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
