#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "logplex/base/clock.hpp"

namespace sluice {

/// `2026-01-02T03:04:05.678901+00:00` (RFC 3339, UTC, microseconds): the time of lines that we make ourselves.
constexpr std::size_t kTimestampSize = 32;
/// Writes kTimestampSize bytes. Years 0000 to 9999; others are clamped.
char* write_timestamp(WallTime time, char* out);
std::string timestamp(WallTime time);
/// `2026-01-02T03:04:05+00:00`: the "since" of L-code notices.
std::string timestamp_seconds(WallTime time);

/// An RFC 3339 timestamp. The fraction is kept as written, so that no digit is invented.
struct ReadTimestamp {
  std::chrono::sys_seconds seconds{};
  std::string_view fraction;  // digits after the point; views into the text that was read
};
/// Nothing if the text is not exactly one RFC 3339 timestamp (RFC 5424 section 6.2.3 is a subset).
std::optional<ReadTimestamp> read_timestamp(std::string_view text);

/// Caches the text of "now" for many lines of one turn: formats it again only when the time has changed.
class TimestampCache {
 public:
  /// Valid until the next call.
  std::string_view text(WallTime now);

 private:
  WallTime time_ = WallTime::min();
  std::array<char, kTimestampSize> text_{};
};

}  // namespace sluice
