#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

#include "logplex/base/units.hpp"

namespace sluice::drains {

/// Limits the size of a drain's batches by how long its receiver takes. After a timeout the limit is half of the batch
/// that timed out. It doubles again after eight deliveries that each took less than a quarter of the timeout. A plain
/// value.
class BatchLimit {
 public:
  std::size_t at_most(std::size_t bytes) const { return std::min(bytes, most_); }
  /// True if a batch is more than half larger than the limit, so that it should be split.
  bool is_exceeded_by(std::size_t bytes) const { return most_ != kNone && bytes > most_ + most_ / 2; }
  void on_timeout(std::size_t bytes) {
    most_ = std::max<std::size_t>(bytes / 2, 1);
    quick_ = 0;
  }
  void on_delivered(Duration took, Duration patience) {
    if (most_ == kNone || took > patience / 4 || ++quick_ < kQuickOnes) return;
    most_ = most_ > kForgotten ? kNone : most_ * 2;
    quick_ = 0;
  }

 private:
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t kForgotten = 16 << 20;  // no batch is larger (drains.http_batch_bytes)
  static constexpr int kQuickOnes = 8;

  std::size_t most_ = kNone;
  int quick_ = 0;  // deliveries since the limit changed
};

}  // namespace sluice::drains
