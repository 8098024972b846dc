#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "logplex/base/clock.hpp"
#include "logplex/base/metrics.hpp"
#include "logplex/base/units.hpp"
#include "logplex/runtime/working_for.hpp"

namespace sluice {

class Runtime;

/// Measures a shard's turns by its thread's CPU clock, so that turns do not seem long only because the machine is busy.
/// Counts turns over the warning, and logs at most one of them in ten seconds, with the owner it worked for.
///
/// Reading the CPU clock is a system call. So a turn below 1 ms of wall time counts with its wall time, which is never
/// less than its CPU time; the CPU clock is read about once per millisecond of work. What a sleeping shard does when it
/// wakes counts to the turn that follows. Lives in its Shard; look() is for the watchdog's thread, all else for the
/// shard's.
class TurnWatch {
 public:
  explicit TurnWatch(std::uint32_t shard) : shard_(shard) {}

  /// Turns that take longer are counted and logged; zero = none.
  void warn_over(Duration warning) { warning_ = warning; }
  /// Sets the function that names a channel or app in the log. Called on the shard's thread.
  using Namer = std::function<std::string(Beneficiary)>;
  void name_with(Namer namer) { namer_ = std::move(namer); }
  /// The thread that runs the shard calls this first.
  void on_thread();
  void turn_begins(SteadyTime now) {
    WorkingFor::mention({});
    began_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  }
  void turn_ends(SteadyTime began, SteadyTime ended);
  /// Records how long the shard slept, including the handler that woke it.
  void slept(Duration wall);

  const TimeHistogram& turns() const { return turns_; }
  Duration longest() const { return longest_; }
  void add_metrics(MetricsPage& page) const;

  /// Called by the watchdog: remembers whom a long turn works for, and logs a turn that does not end.
  void look(SteadyTime now);

 private:
  void mark();
  void note(Duration turn);
  void warn(Duration turn);

  const std::uint32_t shard_;
  Duration warning_{0};
  Namer namer_;
  TimeHistogram turns_;
  Duration longest_{0};
  std::uint64_t over_ = 0;
  std::uint64_t untold_ = 0;  // of those, not logged since the last warning
  SteadyTime told_at_{};
  Duration mark_{0};        // the CPU clock when last read
  Duration since_mark_{0};  // wall time of turns since then
  Duration carried_{0};     // CPU time while the shard woke

  // Also for the watchdog's thread.
  std::atomic<std::int64_t> began_{0};  // 0 = sleeps
  std::atomic<std::uint64_t> suspect_{0};
  std::atomic<const std::atomic<std::uint64_t>*> works_for_{nullptr};
  std::int64_t stuck_told_ = 0;  // for the watchdog only: the turn that it logged last
};

/// A thread that checks each shard's turn from outside, because a shard that hangs in a turn cannot log it. The cost is
/// reading a few atomics every warning / 2.
class Watchdog {
 public:
  Watchdog(Runtime& runtime, const Clock& clock, Duration warning);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();

 private:
  void run();

  Runtime& runtime_;
  const Clock& clock_;
  const Duration period_;
  std::mutex mutex_;
  std::condition_variable ends_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace sluice
