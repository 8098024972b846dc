#include "logplex/daemon/placement_follower.hpp"

#include <utility>

namespace sluice::daemon {

PlacementFollower::PlacementFollower(Placement& placement, ConfigFeed& feed, std::vector<ConfigObserver*> parts)
    : placement_(placement), feed_(feed), parts_(std::move(parts)) {
  placement_.add(*this);
}

void PlacementFollower::on_placement() {
  ChangedKeys all;
  all.everything = true;
  for (ConfigObserver* part : parts_) part->on_config(feed_.current(), all);
}

}  // namespace sluice::daemon
