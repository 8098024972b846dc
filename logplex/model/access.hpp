#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/clock.hpp"
#include "logplex/base/uuid.hpp"
#include "logplex/model/kept_fields.hpp"

namespace sluice {

/// A tail session: its uuid is a capability, whoever has it may read. Ends at `expires`.
struct Session {
  Uuid uuid;
  std::string channel;
  std::string query;  // JSON, as the API checked it; for the reader to parse
  WallTime expires{};
  KeptFields kept;

  friend bool operator==(const Session&, const Session&) = default;
};

/// SHA-256 of a key or password of at least 128 random bits. Plain passwords that people choose are not hashed so.
using KeyHash = std::array<std::uint8_t, 32>;

/// What an API key may do; a bit each.
enum class Scope : std::uint8_t {
  kLogsRead = 1,
  kLogsWrite = 2,
  kDrainsRead = 4,
  kDrainsWrite = 8,
  kAppsWrite = 16,
  kAdmin = 32,
};

/// "logs:read" and so on.
std::string_view name_of(Scope scope);
std::optional<Scope> parse_scope(std::string_view text);

/// A set of scopes. admin holds all others.
struct Scopes {
  std::uint8_t bits = 0;

  constexpr void add(Scope scope) { bits = static_cast<std::uint8_t>(bits | static_cast<std::uint8_t>(scope)); }
  constexpr bool has(Scope scope) const {
    return (bits & (static_cast<std::uint8_t>(scope) | static_cast<std::uint8_t>(Scope::kAdmin))) != 0;
  }
  /// Each scope by name, in the order of the enum.
  std::vector<std::string_view> names() const;
  friend constexpr bool operator==(Scopes, Scopes) = default;
};

/// A key of the HTTP API, kept as a hash.
struct ApiKey {
  std::string id;
  std::string name;
  KeyHash hash{};
  Scopes scopes;
  std::vector<std::string> channels;  // empty = all
  std::optional<WallTime> expires;
  KeptFields kept;

  bool expired(WallTime now) const { return expires && *expires <= now; }
  friend bool operator==(const ApiKey&, const ApiKey&) = default;
};

/// A Logplex credential: an id and a password.
struct Credential {
  std::string id;
  std::string name;
  std::optional<KeyHash> hash;  // none = nobody can log in with it
  bool full_api = false;        // may use the API
  bool any_channel = false;     // may write to every channel
  KeptFields kept;

  friend bool operator==(const Credential&, const Credential&) = default;
};

}  // namespace sluice
