#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "logplex/base/result.hpp"
#include "logplex/model/access.hpp"
#include "logplex/model/app.hpp"
#include "logplex/model/channel.hpp"
#include "logplex/model/drain.hpp"

namespace sluice {

/// One stored thing. The order of the alternatives is that of EntryKind.
using Entry = std::variant<App, Channel, Token, Drain, Session, ApiKey, Credential>;

enum class EntryKind : std::uint8_t { kApp, kChannel, kToken, kDrain, kSession, kApiKey, kCredential };

/// "app", "channel", "token", "drain", "session", "key", "credential": the name of the kind in every store.
std::string_view name_of(EntryKind kind);
std::optional<EntryKind> parse_kind(std::string_view name);
EntryKind kind_of(const Entry& entry);

/// An entry's key within its kind. Not a secret, except for sessions: app name, channel id, "<channel>/<token id>",
/// drain id, session uuid, key id, credential id.
std::string key_of(const Entry& entry);
std::string token_key(std::string_view channel, std::uint64_t id);
/// The key as it may appear in a log: a session's is shortened.
std::string public_key(EntryKind kind, std::string_view key);

/// The newest format that this build reads. It writes each entry in the oldest format that can hold it.
constexpr int kEntryVersion = 2;

/// The stored form: one JSON object, without what is in the key, with the kept fields. Secrets are in an envelope {"v":
/// 0, "text": ...}, so that another version can seal them.
std::string encode_entry(const Entry& entry);
/// Reads what encode_entry wrote, now or in another version. Error kDamaged or kNewer names the field at fault and
/// never quotes a value.
result<Entry, Error> decode_entry(EntryKind kind, std::string_view key, std::string_view json);

}  // namespace sluice
