#include <algorithm>

#include "logplex/model/decide_parts.hpp"

namespace sluice {

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
  SLUICE_TRY_VOID(acceptable(key));
  SLUICE_TRY_VOID(check_entry_bytes(limits, "the key", 0, stored_bytes(Entry(key))));
  if (config.key(key.id) != nullptr || config.key_by_hash(key.hash) != nullptr) return conflict("key already exists");
  if (config.key_count() >= limits.keys) return over_limit("maximum number of keys reached");
  Effects effects;
  effects.applied.created = true;
  write(effects, std::move(key));
  return effects;
}

result<Effects, Error> Decider::operator()(const DeleteKey& change) const {
  if (config.key(change.id) == nullptr) return not_found("no such key");
  Effects effects;
  remove(effects, EntryKind::kApiKey, change.id);
  return effects;
}

result<Effects, Error> Decider::operator()(const PutCredential& change) const {
  auto credential = change.credential;
  SLUICE_TRY_VOID(acceptable(credential));
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
