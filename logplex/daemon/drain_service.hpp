#pragma once

#include "logplex/api/calls/drain_control.hpp"

namespace sluice::daemon {

class Node;

/// Connects the API to the drains: asks the shards on which a drain's parts run and adds up their answers. Owned by
/// Node.
class DrainService final : public api::DrainControl {
 public:
  explicit DrainService(Node& node) : node_(node) {}

  Task<api::DrainReport> report(std::uint64_t drain) override;
  Task<result<api::DrainTest, Error>> test(std::uint64_t drain) override;
  Task<result<void, Error>> skip_pending(std::uint64_t drain) override;
  Task<std::vector<api::UnhealthyDrain>> unhealthy(std::size_t limit, MaySee may_see) override;

 private:
  Node& node_;
};

}  // namespace sluice::daemon
