#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "logplex/base/clock.hpp"
#include "logplex/base/result.hpp"

namespace sluice::cli {

/// How a line's time is shown.
enum class Timestamps { kUtc, kLocal, kNone };

/// The time in UTC or in this machine's zone, with as many digits as received. Text that is not a timestamp stays
/// unchanged.
std::string shown_time(std::string_view received, Timestamps how);

/// Reads a point in time as the user wrote it: "10m" (that long ago), "now", "2026-01-02", "2026-01-02T03:04:05Z".
/// Without a zone, UTC. Returns RFC 3339 in UTC. The error says what is accepted.
result<std::string, Error> point_in_time(std::string_view text, WallTime now);

/// 2026-01-02T03:04:05.123456+00:00
std::string format_time(WallTime time);

/// "850ms", "3s", "5m 20s", "2d 3h": two units at most.
std::string format_age(std::chrono::milliseconds age);

}  // namespace sluice::cli
