#pragma once

#include <optional>
#include <string>

#include "logplex/base/clock.hpp"
#include "logplex/base/slot.hpp"
#include "logplex/base/uuid.hpp"
#include "logplex/channel/sender.hpp"
#include "logplex/ingress/refusals.hpp"
#include "logplex/model/access.hpp"
#include "logplex/net/http/http_message.hpp"

namespace sluice {
class ConfigSnapshot;
}  // namespace sluice

namespace sluice::ingress {

/// Where a `POST /logs` may write: with a token, to its channel; with an API key that has `logs:write`, to the channel
/// and under the source that the request names; with a Logplex credential that has any_channel, to the channel of the
/// token in each line's app-name field. A value. Token, key or channel may be gone when the body is complete, so look
/// them up again then.
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

/// Why a request is refused, and the answer.
struct RefusedPost {
  Refusal why;
  int status;
  std::string text;
};

/// Authenticates the sender of this request. 401: no valid token, key or credential. 403: a key without `logs:write` or
/// not for this channel, or a credential without any_channel. 400: a key whose request names no channel, or an invalid
/// source. 404: there is no such channel.
boost::system::result<Writer, RefusedPost> authenticate_writer(const HttpRequest& request, const ConfigSnapshot& config,
                                                               WallTime now);

}  // namespace sluice::ingress
