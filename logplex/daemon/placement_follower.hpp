#pragma once

#include <vector>

#include "logplex/channel/seams/placement.hpp"
#include "logplex/store/config_feed.hpp"

namespace sluice::daemon {

/// After a change of owners, repeats the whole configuration to those parts of a shard that depend on owners: they open
/// the channels and start the drains that the shard has gained, and end those that it has lost.
///
/// Lives on its shard; everything that it is given must outlive it. `parts` are called in their order.
class PlacementFollower final : public PlacementObserver {
 public:
  PlacementFollower(Placement& placement, ConfigFeed& feed, std::vector<ConfigObserver*> parts);
  PlacementFollower(const PlacementFollower&) = delete;
  PlacementFollower& operator=(const PlacementFollower&) = delete;
  ~PlacementFollower() override { placement_.remove(*this); }

 private:
  void on_placement() override;

  Placement& placement_;
  ConfigFeed& feed_;
  const std::vector<ConfigObserver*> parts_;
};

}  // namespace sluice::daemon
