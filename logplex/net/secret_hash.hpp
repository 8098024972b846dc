#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice {

/// SHA-256 of a key or password, as the configuration keeps it.
std::array<std::uint8_t, 32> hash_secret(std::string_view secret);
/// Compares two of them in constant time.
bool same_hash(const std::array<std::uint8_t, 32>& a, const std::array<std::uint8_t, 32>& b);

}  // namespace sluice
