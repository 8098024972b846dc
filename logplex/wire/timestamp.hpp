#pragma once

#include <array>
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

/// The text of "now" for many lines of one turn: formatted again only when the time has changed.
class TimestampCache {
 public:
  /// Valid until the next call.
  std::string_view text(WallTime now);

 private:
  WallTime time_ = WallTime::min();
  std::array<char, kTimestampSize> text_{};
};

}  // namespace sluice
