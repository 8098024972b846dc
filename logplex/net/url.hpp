#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "logplex/base/result.hpp"

namespace sluice {

/// The parts of an absolute URL with an authority (RFC 3986). Scheme and host are in lower case.
struct Url {
  std::string scheme;
  std::string user;      // percent-decoded
  std::string password;  // percent-decoded
  bool has_userinfo = false;
  std::string host;  // without brackets; a kafka:// broker list is not a host: parse it before
  bool host_is_ipv6 = false;
  std::uint16_t port = 0;  // 0 = not given
  std::string path;        // as written; may be empty
  std::string query;       // as written, without '?'
  bool has_query = false;
  std::string fragment;  // percent-decoded, without '#'

  /// Path and query as a request target; "/" for an empty path.
  std::string target() const;
  /// The host as it stands in a Host header or address: IPv6 in brackets, without port.
  std::string bracketed_host() const;
};

/// The error says what is wrong; it never repeats a password.
result<Url, Error> parse_url(std::string_view text);

}  // namespace sluice
