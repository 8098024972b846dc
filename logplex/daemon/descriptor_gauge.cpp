#include "logplex/daemon/descriptor_gauge.hpp"

#include <sys/resource.h>

#include "logplex/base/metrics.hpp"
#include "logplex/net/descriptor_plan.hpp"

namespace sluice::daemon {

DescriptorGauge::DescriptorGauge() : lane_("descriptors", 1, 4) { open_ = count_open_descriptors().value_or(0); }

Task<void> DescriptorGauge::measure() {
  for (;;) {
    const auto open = co_await lane_.run({}, [] { return count_open_descriptors().value_or(0); });
    if (open) open_.store(*open, std::memory_order_relaxed);
    co_await sleep_for(kPeriod);
  }
}

void DescriptorGauge::add_metrics(MetricsPage& page) const {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  page.gauge("sluice_process_open_descriptors", "Open file descriptors, counted every 2 s.",
             static_cast<double>(open_.load(std::memory_order_relaxed)));
  page.gauge("sluice_process_descriptor_limit", "Maximum number of open file descriptors.",
             static_cast<double>(limit.rlim_cur));
}

}  // namespace sluice::daemon
