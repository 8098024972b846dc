#include "logplex/model/decide_parts.hpp"
#include "logplex/model/names.hpp"

namespace sluice {
namespace {

constexpr std::size_t kQueryMax = 16 * 1024;
constexpr std::size_t kKeyChannelsMax = 1000;

bool is_plain_id(std::string_view id) { return check_channel_id(id).has_value(); }

}  // namespace

result<Effects, Error> Decider::operator()(const CreateSession& change) const {
  const auto& session = change.session;
  if (config.channel(session.channel) == nullptr) return not_found("channel not found");
  if (session.query.size() > kQueryMax) return invalid("session must be at most 16 KiB");
  if (config.session(session.uuid) != nullptr) return conflict("session already exists");
  if (config.session_count() >= limits.sessions) return over_limit("maximum number of sessions reached");
  Effects effects;
  effects.applied.created = true;
  write(effects, session);
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
  const auto& key = change.key;
  if (!is_plain_id(key.id)) return invalid("key id is not acceptable");
  SLUICE_TRY_VOID(check_label("name", key.name));
  if (key.scopes.bits == 0) return invalid("scopes must name at least one scope");
  if (key.channels.size() > kKeyChannelsMax) return invalid("channels must be at most 1000");
  for (const auto& channel : key.channels) SLUICE_TRY_VOID(check_channel_id(channel));
  if (config.key(key.id) != nullptr || config.key_by_hash(key.hash) != nullptr) return conflict("key already exists");
  if (config.key_count() >= limits.keys) return over_limit("maximum number of keys reached");
  Effects effects;
  effects.applied.created = true;
  write(effects, key);
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
  if (!is_plain_id(credential.id)) return invalid("credential id is not acceptable");
  SLUICE_TRY_VOID(check_label("name", credential.name));
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
