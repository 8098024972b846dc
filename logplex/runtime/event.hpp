#pragma once

#include "logplex/base/units.hpp"
#include "logplex/runtime/shard.hpp"

namespace sluice {

/// What a task waits for on its own shard. set() is remembered until a wait takes it; several sets before a wait are
/// one. All that wait at that time wake, so with more than one each looks again at what it waits for. No allocation.
/// Waiting ends early when the task is cancelled.
class Event {
 public:
  explicit Event(Shard& shard);
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void set();
  bool is_set() const { return set_; }
  void reset() { set_ = false; }
  /// Returns when set (and takes it) or when the task is cancelled.
  Task<void> wait();
  /// The same, but false when the time passed first.
  Task<bool> wait_for(Duration time);

 private:
  static void on_time(void* self);

  SteadyTimer timer_;
  Deadline deadline_;
  bool set_ = false;
  bool timed_out_ = false;
};

/// Pauses the task on the shard's wheel (tests decide the time).
Task<void> sleep_for(Duration time);

}  // namespace sluice
