#include "logplex/channel/seams/placement.hpp"

#include "logplex/base/partition.hpp"

namespace sluice {

Owner Placement::owner_of_channel(std::string_view channel_id) const { return owner_of(partition_of(channel_id)); }

void Placement::tell_observers() {
  ++epoch_;
  for (PlacementObserver* observer : observers_) observer->on_placement();
}

Owner FixedPlacement::owner_of(std::uint32_t partition) const {
  return {Owner::kThisNode, static_cast<std::uint32_t>(std::uint64_t{partition} * shards_ / kPartitions)};
}

std::unique_ptr<Placement> fixed_placement(std::uint32_t shard, std::uint32_t shards) {
  return std::make_unique<FixedPlacement>(shard, shards);
}

}  // namespace sluice
