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
  /// True when the event was set; this wait takes it. False when the task was cancelled: then the task goes on until
  /// its next co_await of an operation, and does nothing else in between.
  Task<bool> wait();
  /// The same, but also false when the time passed first.
  Task<bool> wait_for(Duration time);

 private:
  void on_time();

  SteadyTimer timer_;
  Deadline<&Event::on_time> deadline_;
  bool set_ = false;
  std::uint64_t sets_ = 0;  // tells each of several waiters that it was set, although the first one has taken it
};

/// Pauses the task on the shard's wheel (tests decide the time).
Task<void> sleep_for(Duration time);

}  // namespace sluice
