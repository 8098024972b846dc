#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

/// What an Authorization header holds, decoded.
struct Authorization {
  std::string user;    // empty for Bearer
  std::string secret;  // the key, token or password

  /// Bearer (RFC 6750) or Basic (RFC 7617), scheme in either case. None for anything else, for invalid base64, and for
  /// headers over 4 KiB.
  static std::optional<Authorization> parse(std::string_view header);
};

/// The header's value for a user and password (RFC 7617).
std::string basic_authorization(std::string_view user, std::string_view password);

}  // namespace sluice
