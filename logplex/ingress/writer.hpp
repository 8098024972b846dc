#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

#include "logplex/base/clock.hpp"
#include "logplex/base/slot.hpp"
#include "logplex/base/uuid.hpp"
#include "logplex/channel/sender.hpp"
#include "logplex/ingress/refusals.hpp"
#include "logplex/model/access.hpp"

namespace sluice {
class ConfigSnapshot;
}  // namespace sluice

namespace sluice::ingress {

/// What a sender shows of itself. Views, for one call.
struct Credentials {
  std::string_view user;    // "token" with a token, or a Logplex credential's id; may be empty with an API key
  std::string_view secret;  // the token, password or key
  // With an API key only: where it wants to write.
  std::string_view channel{};
  std::string_view source = "app";
  /// How this protocol names a channel: an example for the sentence of a refusal.
  std::string_view channel_example{};
};

/// Where a sender may write: with a token, to its channel; with an API key that has `logs:write`, to the channel and
/// under the source that it names; with a Logplex credential that has any_channel, to the channel of the token in each
/// line's app-name field. A value. Token, key or channel may be gone when the lines are complete, so look them up again
/// then.
struct Writer {
  /// Channel and source of all its lines, at this moment.
  struct Target {
    ChannelSlot channel;
    std::string source;
  };

  std::optional<Uuid> token;
  std::string channel;  // of a key
  std::string source;
  KeyHash key{};

  bool addressed_by_line() const { return !token && channel.empty(); }
  /// The token or key, for rates. Not when addressed_by_line().
  SenderId sender() const;
  /// None when token, key or channel is gone. Not when addressed_by_line().
  std::optional<Target> target(const ConfigSnapshot& config, WallTime now) const;
};

SenderId sender_of(const Uuid& token);

/// Authenticates a sender. kUnauthorized: no valid token, key or credential. kForbidden: a key without `logs:write` or
/// not for this channel, or a credential without any_channel. kMalformed: a key without a channel, or with an invalid
/// source. kNotFound: there is no such channel.
boost::system::result<Writer, Refused> authenticate_writer(const Credentials& given, const ConfigSnapshot& config,
                                                           WallTime now);

}  // namespace sluice::ingress
