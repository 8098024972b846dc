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
/// Lives on one shard, owned by the part whose tasks it holds, and outlives them: await stopped() before destroying it.
class Gate {
 public:
  Gate(Shard& shard, std::string name);
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate();

  /// Starts the task in this turn or the next. After stop() it is refused: the task is destroyed without running.
  void spawn(Task<void> task);
  void stop();
  Task<void> stopped();
  std::size_t running() const { return tasks_.size(); }
  bool stopping() const { return stopping_; }
  Shard& shard() const { return shard_; }

 private:
  using Tasks = std::list<std::shared_ptr<asio::cancellation_signal>>;
  void on_end(Tasks::iterator task, const std::exception_ptr& failure);

  Shard& shard_;
  std::string name_;
  Tasks tasks_;
  Event empty_;
  bool stopping_ = false;
};

}  // namespace sluice
