#pragma once

#include <chrono>

namespace sluice {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

/// The source of time, passed in so that a test can control it. Any thread may call it.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime steady() const = 0;
  virtual WallTime wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
};

/// A clock that moves only when a test moves it. One thread.
class ManualClock final : public Clock {
 public:
  SteadyTime steady() const override { return steady_; }
  WallTime wall() const override { return wall_; }
  void advance(std::chrono::nanoseconds by) {
    steady_ += by;
    step_wall(by);
  }
  /// Moves the wall clock only, as when somebody sets it.
  void step_wall(std::chrono::nanoseconds by) { wall_ += std::chrono::duration_cast<std::chrono::microseconds>(by); }

 private:
  SteadyTime steady_{std::chrono::hours(1000)};
  WallTime wall_{std::chrono::sys_days{std::chrono::year{2026} / 1 / 2} + std::chrono::hours(3)};
};

}  // namespace sluice
