#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>

#include <boost/asio/cancellation_signal.hpp>

#include "logplex/runtime/event.hpp"
#include "logplex/runtime/task.hpp"

namespace sluice {

/// Runs the tasks of one part and stops them. stop() cancels every task (the operation that it awaits ends with
/// operation_aborted); stopped() returns when the last task has ended. The gate logs, under its name, a task that ends
/// with any exception other than its cancellation.
///
/// Other code that uses the part across a co_await takes a hold. While a hold exists, stopped() does not return. So if
/// the part is destroyed after stopped(), it is destroyed after its last use.
///
///     const Gate::Hold pinned = runner.hold();   // runner.gate_.hold()
///     co_await runner.finished();                // the runner may be removed meanwhile; it is not destroyed
///
/// Lives on one shard. Owned by the part whose tasks it runs, and outlives the tasks: await stopped() before destroying
/// it. Destroying a gate while a hold exists aborts, also in release builds, unless the whole runtime is ending.
class Gate {
 private:
  struct Holds;

 public:
  /// Movable; an empty one holds nothing.
  class [[nodiscard]] Hold {
   public:
    Hold() = default;
    Hold(Hold&& other) noexcept = default;
    Hold& operator=(Hold&& other) noexcept {
      holds_.swap(other.holds_);
      return *this;
    }
    ~Hold();

   private:
    friend class Gate;
    explicit Hold(std::shared_ptr<Holds> holds);
    std::shared_ptr<Holds> holds_;
  };

  Gate(Shard& shard, std::string name);
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate();

  /// Starts the task in this turn or the next. After stop() the task is destroyed without running.
  void spawn(Task<void> task);
  void stop();
  /// Returns when no task runs and nobody holds the gate.
  Task<void> stopped();
  /// Returns when no task runs. The caller has a hold, or owns the part.
  Task<void> tasks_ended();
  /// Allowed also after stop().
  Hold hold();
  std::size_t running() const { return tasks_.size(); }
  bool stopping() const { return stopping_; }
  Shard& shard() const { return shard_; }

 private:
  using Tasks = std::list<std::shared_ptr<asio::cancellation_signal>>;
  void on_end(Tasks::iterator task, const std::exception_ptr& failure);

  Shard& shard_;
  std::string name_;
  Tasks tasks_;
  Event empty_;  // set at the end of the last task and of the last hold; several may wait
  std::shared_ptr<Holds> holds_;
  bool stopping_ = false;
};

}  // namespace sluice
