#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>

#include <boost/asio/cancellation_signal.hpp>

#include "logplex/runtime/event.hpp"
#include "logplex/runtime/task.hpp"

namespace sluice {

/// Where a part's tasks run, so that stopping is a protocol: stop() cancels every task (what it awaits ends with
/// operation_aborted), stopped() returns when the last one has ended. A task that ends by an exception other than its
/// cancellation is logged under the gate's name.
///
/// A hold is for whoever else uses the part across a co_await: while one exists, stopped() does not return, so whoever
/// destroys the part after stopped() destroys it after the last use.
///
///     const Gate::Hold pinned = runner.hold();   // runner.gate_.hold()
///     co_await runner.finished();                // the runner may be removed meanwhile; it is not destroyed
///
/// Lives on one shard, owned by the part whose tasks it holds, and outlives them: await stopped() before destroying it.
/// A gate that is destroyed with a hold on it aborts, also in release builds, unless the whole runtime is ending.
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

  /// Starts the task in this turn or the next. After stop() it is refused: the task is destroyed without running.
  void spawn(Task<void> task);
  void stop();
  /// Returns when no task runs and nobody holds the gate.
  Task<void> stopped();
  /// Returns when no task runs. The caller has a hold, or owns the part.
  Task<void> tasks_ended();
  /// Also after stop().
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
