#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

#include "logplex/base/units.hpp"

namespace sluice {

/// How large a drain's next batches may be, learned from how long its receiver takes: half of one that took too long,
/// and twice as much again when one took less than a quarter of the time. A plain value.
class BatchLimit {
 public:
  std::size_t at_most(std::size_t bytes) const { return std::min(bytes, most_); }
  /// Larger by more than one line and a bit.
  bool is_exceeded_by(std::size_t bytes) const { return most_ != kNone && bytes / 2 > most_; }
  void on_timeout(std::size_t bytes) { most_ = std::max<std::size_t>(bytes / 2, 1); }
  void on_delivered(Duration took, Duration patience) {
    if (most_ == kNone || took > patience / 4) return;
    most_ = most_ > kForgotten ? kNone : most_ * 2;
  }

 private:
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t kForgotten = 16 << 20;  // no batch is larger (drains.http_batch_bytes)

  std::size_t most_ = kNone;
};

}  // namespace sluice
