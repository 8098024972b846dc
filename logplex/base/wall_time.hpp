#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

#include "logplex/base/clock.hpp"

namespace sluice {

// Sums and differences of wall times. Wall times come from clients, receivers and stores, and may lie further apart
// than the 292 years of a Duration; results out of range are clamped. All such arithmetic is in this file;
// ops/layers.py finds any elsewhere.

/// The time from one wall time to another, negative when `to` is earlier.
constexpr std::chrono::nanoseconds time_between(WallTime from, WallTime to) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  std::int64_t micros = 0;
  const bool over = __builtin_sub_overflow(to.time_since_epoch().count(), from.time_since_epoch().count(), &micros);
  std::int64_t nanos = 0;
  if (over || __builtin_mul_overflow(micros, std::int64_t{1000}, &nanos)) nanos = from < to ? kMost : -kMost;
  return std::chrono::nanoseconds(nanos);
}

/// The wall time `by` later than `time`.
constexpr WallTime later(WallTime time, std::chrono::nanoseconds by) {
  std::int64_t micros = 0;
  if (__builtin_add_overflow(time.time_since_epoch().count(), by.count() / 1000, &micros))
    return by.count() > 0 ? WallTime::max() : WallTime::min();
  return WallTime(std::chrono::microseconds(micros));
}

}  // namespace sluice
