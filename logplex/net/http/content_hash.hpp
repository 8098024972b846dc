#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

/// SHA-1, for comparing contents with what a Redis script computes. Not for secrets.
std::array<std::uint8_t, 20> sha1_of(std::string_view content);
/// 40 lower-case hexadecimal digits.
std::string sha1_hex(std::string_view content);

}  // namespace sluice
