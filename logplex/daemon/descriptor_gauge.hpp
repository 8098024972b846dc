#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "logplex/runtime/lane.hpp"

namespace sluice {
class MetricsPage;
}  // namespace sluice

namespace sluice::daemon {

/// How many descriptors are open, beside their limit. Counting walks through /proc, so a thread of its own does it
/// every kPeriod. Owned by Node; destroyed before the runtime.
class DescriptorGauge {
 public:
  static constexpr std::chrono::seconds kPeriod{2};

  DescriptorGauge();

  /// Measures for ever, on shard 0.
  Task<void> measure();
  /// Any thread.
  void add_metrics(MetricsPage& page) const;

 private:
  Lane lane_;
  std::atomic<std::uint64_t> open_{0};
};

}  // namespace sluice::daemon
