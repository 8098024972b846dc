#pragma once

#include "logplex/api/calls/drain_control.hpp"

namespace sluice {

class Node;

/// Joins the API to the drains: asks the shards on which a drain's parts run and adds up what they say. Owned by Node.
class DrainDesk final : public DrainControl {
 public:
  explicit DrainDesk(Node& node) : node_(node) {}

  Task<DrainReport> report(std::uint64_t drain) override;
  Task<result<DrainTest, Error>> test(std::uint64_t drain) override;
  Task<result<void, Error>> skip_pending(std::uint64_t drain) override;
  Task<std::vector<UnhealthyDrain>> unhealthy(std::size_t limit, MaySee may_see) override;

 private:
  Node& node_;
};

}  // namespace sluice
