#pragma once

#include <cstdint>
#include <string_view>

#include "logplex/base/clock.hpp"
#include "logplex/wire/passed.hpp"

namespace sluice {

/// One log message as views into bytes that somebody else owns (RFC 5424 section 6). Fields are passed on as they came;
/// an empty header field stands for "-".
struct LineView {
  std::uint8_t pri = 14;  // facility * 8 + severity, 0..191
  WallTime received{};
  std::string_view time;     // the sender's timestamp, unchecked, at most 255 bytes
  std::string_view host;     // at most 255 bytes
  std::string_view source;   // RFC 5424 app-name: the token's name, at most 255 bytes
  std::string_view process;  // procid, at most 255 bytes
  std::string_view msgid;    // at most 255 bytes
  std::string_view structured_data;
  std::string_view text;    // with its final newline if it had one; may hold any byte
  bool tails_only = false;  // drains skip it: a notice about a drain
  PassedView passed{};      // logs that it has passed before this one
};

constexpr std::uint8_t severity_of(std::uint8_t pri) { return pri & 7; }
constexpr std::uint8_t facility_of(std::uint8_t pri) { return pri >> 3; }

}  // namespace sluice
