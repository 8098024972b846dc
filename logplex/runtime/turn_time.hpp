#pragma once

#include "logplex/base/clock.hpp"

namespace sluice {

/// The time of a shard's turn. The clock is read when a turn begins, and again by the first caller after the shard has
/// slept, because the handler that wakes the shard runs before its next turn. One shard.
class TurnTime {
 public:
  explicit TurnTime(const Clock& clock) : clock_(clock) { read(); }

  SteadyTime steady() const {
    if (slept_) read();
    return steady_;
  }
  WallTime wall() const {
    if (slept_) read();
    return wall_;
  }
  void read() const {
    steady_ = clock_.steady();
    wall_ = clock_.wall();
    slept_ = false;
  }
  void sleeps() { slept_ = true; }

 private:
  const Clock& clock_;
  mutable SteadyTime steady_;
  mutable WallTime wall_;
  mutable bool slept_ = false;
};

}  // namespace sluice
