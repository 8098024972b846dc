#pragma once

#include <string>
#include <string_view>

#include "logplex/base/result.hpp"

namespace sluice {

/// The channel of requests that belong to no app. It always exists and cannot be deleted; no app can have its name.
constexpr std::string_view kRouterChannel = "_router";

constexpr std::size_t kNameMax = 255;

// Each check answers an Error that names the field and says what is accepted.

/// 1 to 255 of `A-Z a-z 0-9 - . _ ~ : @ + =`, neither "." nor "..": needs no escaping in a path segment.
result<void, Error> check_channel_id(std::string_view id);
/// A channel id, because an app's channel has its name; `_router` is reserved.
result<void, Error> check_app_name(std::string_view name);
/// Like a channel id; it is the `dyno` of router lines.
result<void, Error> check_backend_name(std::string_view name);
/// 1 to 255 printable ASCII characters without space: it becomes the app-name of RFC 5424 lines.
result<void, Error> check_token_name(std::string_view name);
/// A label that people read: at most 255 bytes, no control characters. May be empty.
result<void, Error> check_label(std::string_view field, std::string_view text);

/// The stored form of a domain: lower case, no final dot. Host names, `*.` and a host name, IP literals. At most 253
/// characters; letters beyond ASCII must come as A-labels (RFC 5891).
result<std::string, Error> normal_domain(std::string_view domain);
/// Checks "host:port"; host is a name, an IPv4 literal or "[IPv6]". Port 1 to 65535.
result<std::string, Error> normal_address(std::string_view address);

}  // namespace sluice
