#pragma once

#include "logplex/base/clock.hpp"

namespace sluice {

/// From when on a deadline armed now counts. In a turn the wheel is behind by as long as the shard slept, for it moves
/// on after the handlers; the turn's time is right. A handler by which Asio wakes the shard runs before the next turn
/// has begun, so the clock is read for it.
SteadyTime time_for_deadlines(SteadyTime wheel_time);

}  // namespace sluice
