#pragma once

#include <algorithm>
#include <vector>

#include "logplex/channel/seams/line_log.hpp"
#include "logplex/runtime/event.hpp"

namespace sluice {

/// A log on a slow disk: lines are safe when the test says so. Used on one shard.
class SlowLog final : public LineLog {
 public:
  Task<result<Ack>> settled(Ack wanted) override {
    Event ready(Shard::current());
    waiting_.push_back(&ready);
    co_await ready.wait();
    if (std::erase(waiting_, &ready) > 0) co_return make_error_code(boost::system::errc::operation_canceled);
    co_return std::min(wanted, reached_);
  }
  /// Ends all waits.
  void reach(Ack level) {
    reached_ = level;
    for (Event* ready : std::exchange(waiting_, {})) ready->set();
  }
  std::size_t waiting() const { return waiting_.size(); }

 private:
  Ack reached_ = Ack::kMemory;
  std::vector<Event*> waiting_;
};

}  // namespace sluice
