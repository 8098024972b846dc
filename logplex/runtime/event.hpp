#pragma once

#include "logplex/base/units.hpp"
#include "logplex/runtime/shard.hpp"

namespace sluice {

/// Lets tasks wait for something on their own shard. set() is remembered until a wait takes it; several calls before a
/// wait count as one. set() wakes all tasks that wait at that time, so when several wait, each checks its condition
/// again. No allocation. A wait ends early when its task is cancelled.
class Event {
 public:
  explicit Event(Shard& shard);
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void set();
  bool is_set() const { return set_; }
  void reset() { set_ = false; }
  /// True when the event was set; this wait takes it. False when the task was cancelled: the task continues only until
  /// its next co_await of an operation, and must do nothing else in between.
  Task<bool> wait();
  /// Like wait(), but also false when `time` passes first.
  Task<bool> wait_for(Duration time);

 private:
  void on_time();

  SteadyTimer timer_;
  Deadline<&Event::on_time> deadline_;
  bool set_ = false;
  std::uint64_t sets_ = 0;  // how often; shows other waiters a set() that the first one has taken
};

/// Pauses the task on the shard's wheel (tests decide the time).
Task<void> sleep_for(Duration time);

}  // namespace sluice
