#pragma once

#include <cstdint>

#include "logplex/api/calls/node_status.hpp"
#include "logplex/runtime/gate.hpp"

namespace sluice::daemon {

class Node;

/// Counts since the process started, summed over its shards.
struct NodeTotals {
  std::uint64_t requests = 0;
  std::uint64_t lines_in = 0;
  std::uint64_t lines_out = 0;
  std::uint64_t buffered_bytes = 0;
  std::uint64_t budget_bytes = 0;
};

/// Answers `GET /v3/status`: sums the shards' counters every kPeriod on shard 0 and computes rates from the
/// differences. Owned by Node.
class NodeStatusService final : public api::NodeStatus {
 public:
  static constexpr std::chrono::seconds kPeriod{2};

  explicit NodeStatusService(Node& node) : node_(node) {}

  /// Measures again and again until cancelled, on shard 0.
  Task<void> measure();
  Task<api::NodeReport> report() override;

 private:
  struct Rates {
    double requests = 0;
    double lines_in = 0;
    double lines_out = 0;
    NodeTotals totals;
  };

  Task<NodeTotals> totals();

  Node& node_;
  Rates rates_;  // on shard 0
};

}  // namespace sluice::daemon
