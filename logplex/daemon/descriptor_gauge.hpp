#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "logplex/runtime/lane.hpp"

namespace sluice {
class MetricsPage;
}  // namespace sluice

namespace sluice::daemon {

/// Reports how many descriptors are open and what their limit is. Counting walks through /proc, so a thread of its own
/// counts every kPeriod. Owned by Node; destroyed before the runtime.
class DescriptorGauge {
 public:
  static constexpr std::chrono::seconds kPeriod{2};

  DescriptorGauge();

  /// Counts again and again until cancelled, on shard 0.
  Task<void> measure();
  /// Any thread.
  void add_metrics(MetricsPage& page) const;

 private:
  Lane lane_;
  std::atomic<std::uint64_t> open_{0};
};

}  // namespace sluice::daemon
