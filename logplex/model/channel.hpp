#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/rng.hpp"
#include "logplex/base/uuid.hpp"
#include "logplex/model/kept_fields.hpp"

namespace sluice {

/// Flags of a channel, as in Logplex.
struct ChannelFlags {
  bool no_tail = false;     // tail sessions end after the history with L20
  bool no_history = false;  // lines go to drains and tails but are not kept (Logplex: no_redis)

  friend bool operator==(const ChannelFlags&, const ChannelFlags&) = default;
};

/// One ordered log stream.
struct Channel {
  std::string id;
  std::string name;  // for people; may be empty
  ChannelFlags flags;
  KeptFields kept;
  /// Random; tells this channel from others that had its name before. 0: made by a version without incarnations.
  std::uint64_t incarnation = 0;

  friend bool operator==(const Channel&, const Channel&) = default;
};

/// The credential `t.<uuid>` to write into one channel. `value` is secret: it never appears in errors, logs or
/// listings.
struct Token {
  Uuid value;
  std::uint64_t id = 0;  // public, unique in its channel
  std::string name;      // becomes the line's source
  std::string channel;
  KeptFields kept;

  friend bool operator==(const Token&, const Token&) = default;
};

/// A random incarnation for a new channel; never 0.
std::uint64_t new_incarnation(Rng& rng);

/// "t." or "d." and the UUID.
std::string token_text(char kind, const Uuid& value);
/// Parses exactly that form.
std::optional<Uuid> parse_token(char kind, std::string_view text);

/// A token's public id: 16 lower-case hexadecimal digits.
std::string format_token_id(std::uint64_t id);
std::optional<std::uint64_t> parse_token_id(std::string_view text);

}  // namespace sluice
