#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace sluice {

/// SHA-256 of a key or password, as the configuration keeps it.
std::array<std::uint8_t, 32> hash_secret(std::string_view secret);
/// Compares two hashes in constant time.
bool same_hash(const std::array<std::uint8_t, 32>& a, const std::array<std::uint8_t, 32>& b);

/// HMAC-SHA-256 (RFC 2104) of the concatenated parts.
std::array<std::uint8_t, 32> hmac_sha256(std::string_view key, std::initializer_list<std::string_view> parts);

}  // namespace sluice
