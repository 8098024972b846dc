#include "logplex/runtime/event.hpp"

#include <utility>

namespace sluice {

Event::Event(Shard& shard)
    : timer_(shard.executor(), SteadyTimer::time_point::max()), deadline_(shard.wheel(), *this) {}

void Event::set() {
  set_ = true;
  ++sets_;
  timer_.cancel();
}

void Event::on_time() { timer_.cancel(); }

Task<bool> Event::wait() {
  const std::uint64_t before = sets_;
  if (!set_) co_await timer_.async_wait(use_tuple);
  co_return std::exchange(set_, false) || sets_ != before;
}

Task<bool> Event::wait_for(Duration time) {
  const std::uint64_t before = sets_;
  if (!set_) {
    deadline_.arm(time);
    co_await timer_.async_wait(use_tuple);
    deadline_.disarm();
  }
  co_return std::exchange(set_, false) || sets_ != before;
}

Task<void> sleep_for(Duration time) {
  Event never(Shard::current());
  co_await never.wait_for(time);
}

}  // namespace sluice
