#pragma once

#include <optional>
#include <string>

#include "logplex/base/clock.hpp"
#include "logplex/base/slot.hpp"
#include "logplex/base/uuid.hpp"
#include "logplex/ingress/refusals.hpp"
#include "logplex/model/access.hpp"
#include "logplex/net/http/http_message.hpp"

namespace sluice {
class ConfigSnapshot;
}  // namespace sluice

namespace sluice::ingress {

/// Whose lines a `POST /logs` brings: those of one token; those of a channel that an API key with `logs:write` names,
/// under a source of its choice; or, for a Logplex credential with any_channel, those of the token in each line's
/// app-name field. A value; what it stands for may be gone when the body is complete, so it is looked up again.
struct Writer {
  /// Where all its lines go and under which name, at this moment.
  struct Target {
    ChannelSlot channel;
    std::string source;
  };

  std::optional<Uuid> token;
  std::string channel;  // of a key
  std::string source;
  KeyHash key{};

  bool addressed_by_line() const { return !token && channel.empty(); }
  /// None when token, key or channel is gone. Not for lines that are addressed by themselves.
  std::optional<Target> target(const ConfigSnapshot& config, WallTime now) const;
};

/// A request that is not taken, and what it is told.
struct RefusedPost {
  Refusal why;
  int status;
  std::string text;
};

/// Who sends this request. 401: nobody who may write lines. 403: a key without `logs:write` or not for this channel, or
/// a credential without any_channel. 400: a key that does not say for which channel. 404: the channel is not there.
boost::system::result<Writer, RefusedPost> authenticate_writer(const HttpRequest& request, const ConfigSnapshot& config,
                                                               WallTime now);

}  // namespace sluice::ingress
