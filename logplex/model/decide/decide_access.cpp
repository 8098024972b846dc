#include <algorithm>

#include "logplex/model/decide/decide_parts.hpp"
#include "logplex/model/principal.hpp"

namespace sluice {
namespace {

void put_in_order(KeyChannels& channels) {
  std::ranges::sort(channels, {}, &KeyChannel::id);
  const auto same_id = [](const KeyChannel& a, const KeyChannel& b) { return a.id == b.id; };
  channels.erase(std::unique(channels.begin(), channels.end(), same_id), channels.end());
}

/// Making a channel rewrites all keys that wait for it. So there may be few of them, and they may name few channels in
/// all.
bool one_more_may_wait(const ConfigSnapshot& config, const ConfigLimits& limits, const std::string& channel,
                       std::size_t its_channels) {
  std::size_t keys = 1;
  std::size_t channels = its_channels;
  for (const auto* key : config.keys_waiting_for(channel)) {
    ++keys;
    channels += key->channels->size();
  }
  return keys <= limits.waiting_keys_per_channel && channels <= limits.waiting_channels;
}

/// Binds each channel to its present incarnation.
result<void, Error> bind_channels(KeyChannels& channels, const ConfigSnapshot& config, const ConfigLimits& limits) {
  for (auto& channel : channels) {
    const auto* there = config.channel(channel.id);
    channel.incarnation = there == nullptr ? std::nullopt : std::optional(there->channel.incarnation);
    if (there == nullptr && !one_more_may_wait(config, limits, channel.id, channels.size()))
      return over_limit("too many keys name the channel " + channel.id +
                        ", which does not exist; create the channel first");
  }
  return {};
}

/// Must run before any look at other channels, so that neither the answer nor its timing reveals them.
result<void, Error> check_names(const ApiKey* maker, const ApiKey& key) {
  if (maker == nullptr) return forbidden("the key that made this request has been deleted");
  if (names_others(*maker, key)) return forbidden("channels must be among those of the key that makes this request");
  return {};
}

/// A key makes only keys with a part of its own rights. A key limited to channels must leave room for other keys.
result<void, Error> check_maker(const Decider& in, const ApiKey& maker, const ApiKey& key) {
  if (auto exceeds = what_exceeds(maker, key); !exceeds.empty()) return forbidden(std::move(exceeds));
  if (!maker.limited()) return {};
  if (in.config.key_count() >= in.limits.keys_made_by_limited) return over_limit("maximum number of keys reached");
  const auto is_full = [&in](const std::string& name) {
    const auto* named = in.config.keys_of_channel(name);
    return named != nullptr && named->keys.size() >= in.limits.limited_keys_per_channel;
  };
  if (key.channels->empty() && is_full(keys_without_channels(maker.sharer())))
    return over_limit("maximum number of keys without channels reached");
  for (const auto& channel : *key.channels)
    if (is_full(channel.id)) return over_limit("maximum number of keys of the channel " + channel.id + " reached");
  return {};
}

}  // namespace

result<Effects, Error> Decider::operator()(const CreateSession& change) const {
  auto session = change.session;
  session.expires = std::min(session.expires, kLastEnd);
  if (config.channel(session.channel) == nullptr) return not_found("channel not found");
  SLUICE_TRY_VOID(acceptable(session));
  if (config.session(session.uuid) != nullptr) return conflict("session already exists");
  if (config.session_count() >= limits.sessions) return over_limit("maximum number of sessions reached");
  Effects effects;
  effects.applied.created = true;
  write(effects, std::move(session));
  return effects;
}

result<Effects, Error> Decider::operator()(const DeleteSession& change) const {
  if (config.session(change.uuid) == nullptr) return not_found("no such session");
  Effects effects;
  remove(effects, EntryKind::kSession, change.uuid.str());
  return effects;
}

result<Effects, Error> Decider::operator()(const RemoveExpired& change) const {
  Effects effects;
  config.for_each_session([&](const Session& session) {
    if (session.expires <= change.now) remove(effects, EntryKind::kSession, session.uuid.str());
  });
  config.for_each_key([&](const ApiKey& key) {
    if (key.expired(change.now)) remove(effects, EntryKind::kApiKey, key.id);
  });
  return effects;
}

result<Effects, Error> Decider::operator()(const CreateKey& change) const {
  auto key = change.key;
  if (key.expires) key.expires = std::min(*key.expires, kLastEnd);
  if (key.scopes.bits == 0) return invalid("scopes must name at least one scope");
  SLUICE_TRY_VOID(acceptable(key));
  const auto* maker = change.maker.empty() ? nullptr : config.key(change.maker);
  if (!change.maker.empty()) SLUICE_TRY_VOID(check_names(maker, key));
  if (key.limited()) {
    put_in_order(*key.channels);
    SLUICE_TRY_VOID(bind_channels(*key.channels, config, limits));
  }
  key.root.clear();
  if (maker != nullptr) {
    SLUICE_TRY_VOID(check_maker(*this, *maker, key));
    if (maker->limited()) key.root = maker->sharer();
  }
  SLUICE_TRY_VOID(check_entry_bytes(limits, "the key", 0, stored_bytes(Entry(key))));
  if (config.key(key.id) != nullptr || config.key_by_hash(key.hash) != nullptr) return conflict("key already exists");
  if (config.key_count() >= limits.keys) return over_limit("maximum number of keys reached");
  Effects effects;
  effects.applied.created = true;
  write(effects, std::move(key));
  return effects;
}

result<Effects, Error> Decider::operator()(const DeleteKey& change) const {
  const auto* key = config.key(change.id);
  const auto* asker = change.asker.empty() ? nullptr : config.key(change.asker);
  const bool allowed = change.asker.empty() || (asker != nullptr && key != nullptr && may_manage(*asker, *key));
  if (key == nullptr || !allowed) return not_found("no such key");
  Effects effects;
  remove(effects, EntryKind::kApiKey, change.id);
  return effects;
}

/// Channels that an earlier version named stay bound as they were; the key waits for those that do not exist.
result<Effects, Error> Decider::operator()(const RewriteOldKey&) const {
  Effects effects;
  config.for_each_key([&](const ApiKey& key) {
    if (!key.old_entry || !effects.list.empty()) return;
    auto anew = key;
    anew.old_entry = false;
    if (anew.limited())
      for (auto& channel : *anew.channels)
        if (config.channel(channel.id) == nullptr) channel.incarnation.reset();
    write(effects, std::move(anew));
  });
  effects.applied.created = !effects.list.empty();
  return effects;
}

result<Effects, Error> Decider::operator()(const CreateSealingKey& change) const {
  Effects effects;
  if (const auto* there = config.credential(kSealingCredential); there != nullptr && !there->seal.empty())
    return effects;
  Credential credential;
  credential.id = kSealingCredential;
  credential.seal = change.key;
  effects.applied.created = true;
  write(effects, std::move(credential));
  return effects;
}

result<Effects, Error> Decider::operator()(const PutCredential& change) const {
  auto credential = change.credential;
  SLUICE_TRY_VOID(acceptable(credential));
  if (credential.id == kSealingCredential) return conflict("the credential _sealing is reserved");
  const auto* before = config.credential(credential.id);
  if (before == nullptr && config.credential_count() >= limits.credentials)
    return over_limit("maximum number of credentials reached");
  if (before != nullptr) credential.kept = before->kept;
  Effects effects;
  effects.applied.created = before == nullptr;
  write(effects, std::move(credential));
  return effects;
}

result<Effects, Error> Decider::operator()(const DeleteCredential& change) const {
  if (config.credential(change.id) == nullptr) return not_found("no such credential");
  Effects effects;
  remove(effects, EntryKind::kCredential, change.id);
  return effects;
}

}  // namespace sluice
