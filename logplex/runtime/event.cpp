#include "logplex/runtime/event.hpp"

namespace sluice {

Event::Event(Shard& shard)
    : timer_(shard.executor(), SteadyTimer::time_point::max()), deadline_(shard.wheel(), &Event::on_time, this) {}

void Event::set() {
  set_ = true;
  timer_.cancel();
}

void Event::on_time(void* self) {
  auto& event = *static_cast<Event*>(self);
  event.timed_out_ = true;
  event.timer_.cancel();
}

Task<void> Event::wait() {
  if (!set_) co_await timer_.async_wait(use_tuple);
  set_ = false;
}

Task<bool> Event::wait_for(Duration time) {
  timed_out_ = false;
  if (!set_) {
    deadline_.arm(time);
    co_await timer_.async_wait(use_tuple);
    deadline_.disarm();
  }
  const bool in_time = set_ || !timed_out_;
  set_ = false;
  co_return in_time;
}

Task<void> sleep_for(Duration time) {
  Event never(Shard::current());
  co_await never.wait_for(time);
}

}  // namespace sluice
