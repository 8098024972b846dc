#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/clock.hpp"
#include "logplex/base/secret.hpp"
#include "logplex/base/uuid.hpp"
#include "logplex/model/kept_fields.hpp"

namespace sluice {

/// A tail session. Its uuid is a capability: anyone who has it may read. Ends at `expires`.
struct Session {
  Uuid uuid;
  std::string channel;
  std::string query;  // JSON, checked by the API; the reader parses it
  WallTime expires{};
  KeptFields kept;

  friend bool operator==(const Session&, const Session&) = default;
};

/// SHA-256 of a key or password of at least 128 random bits. Not for passwords that people choose.
using KeyHash = std::array<std::uint8_t, 32>;

/// What an API key may do; one bit each.
enum class Scope : std::uint8_t {
  kLogsRead = 1,
  kLogsWrite = 2,
  kDrainsRead = 4,
  kDrainsWrite = 8,
  kAppsWrite = 16,
  kAdmin = 32,
  kAppsRead = 64,
};

/// "logs:read" and so on.
std::string_view name_of(Scope scope);
std::optional<Scope> parse_scope(std::string_view text);

/// A set of scopes. `admin` includes all others; `drains:write` and `apps:write` include their `:read`.
struct Scopes {
  std::uint8_t bits = 0;

  constexpr void add(Scope scope) { bits = static_cast<std::uint8_t>(bits | static_cast<std::uint8_t>(scope)); }
  constexpr bool has(Scope scope) const {
    if (names_one_of(scope, Scope::kAdmin)) return true;
    if (scope == Scope::kDrainsRead) return names_one_of(Scope::kDrainsWrite, Scope::kDrainsWrite);
    return scope == Scope::kAppsRead && names_one_of(Scope::kAppsWrite, Scope::kAppsWrite);
  }
  /// True when this set holds all of the other.
  bool cover(Scopes other) const;
  /// Each scope by name, in the order of the enum.
  std::vector<std::string_view> names() const;
  friend constexpr bool operator==(Scopes, Scopes) = default;

 private:
  constexpr bool names_one_of(Scope a, Scope b) const {
    return (bits & (static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b))) != 0;
  }
};

/// A channel that a key may use. A channel that is deleted and made again under the same name is a different one, with
/// another incarnation. So a key for the first one does not open the second.
struct KeyChannel {
  std::string id;
  /// None: the key was made before the channel. It is bound when the channel is made.
  std::optional<std::uint64_t> incarnation;

  friend bool operator==(const KeyChannel&, const KeyChannel&) = default;
};
using KeyChannels = std::vector<KeyChannel>;  // ordered by id, each id once

/// A key of the HTTP API, kept as a hash.
struct ApiKey {
  std::string id;
  std::string name;
  KeyHash hash{};
  Scopes scopes;
  std::optional<KeyChannels> channels;  // none = all; an empty list opens nothing
  std::optional<WallTime> expires;
  std::string root;  // id of the limited key at the start of the chain of keys that made this one; empty = none made it
  KeptFields kept;
  bool old_entry = false;  // was read from an entry that does not say whether the key is limited

  bool expired(WallTime now) const { return expires && *expires <= now; }
  bool limited() const { return channels.has_value(); }
  /// The id of the key whose usage limits it shares: a limited key and all keys made from it have the limits of one
  /// key.
  const std::string& sharer() const { return root.empty() ? id : root; }
  friend bool operator==(const ApiKey&, const ApiKey&) = default;
};

/// Where ChannelKeys lists the keys that open nothing and share this key's limits: a name that no channel can have.
inline std::string keys_without_channels(const std::string& sharer) { return "\n" + sharer; }

/// A credential that nobody can log in with. It stores the key that seals session urls and list cursors, so that all
/// nodes that share a store can open them.
constexpr std::string_view kSealingCredential = "_sealing";

/// A Logplex credential: an id and a password.
struct Credential {
  std::string id;
  std::string name;
  std::optional<KeyHash> hash;  // none = nobody can log in with it
  bool full_api = false;        // may use the API
  bool any_channel = false;     // may write to every channel
  KeptFields kept;
  Secret seal{};  // of kSealingCredential only

  friend bool operator==(const Credential&, const Credential&) = default;
};

}  // namespace sluice
