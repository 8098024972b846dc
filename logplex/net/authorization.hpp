#pragma once

#include <array>
#include <cstdint>
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

/// SHA-256 of a key or password, as the configuration keeps it.
std::array<std::uint8_t, 32> hash_secret(std::string_view secret);
/// Compares two of them in constant time.
bool same_hash(const std::array<std::uint8_t, 32>& a, const std::array<std::uint8_t, 32>& b);

}  // namespace sluice
