#pragma once

#include <time.h>

#include "logplex/base/units.hpp"

namespace sluice {

/// What the calling thread has used of a processor: clock_gettime(2), CLOCK_THREAD_CPUTIME_ID. Costs a system call.
inline Duration thread_cpu() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + Duration(now.tv_nsec);
}

}  // namespace sluice
