#pragma once

#include <map>
#include <memory>
#include <vector>

#include "logplex/channel/seams/placement.hpp"
#include "logplex/runtime/runtime.hpp"

namespace sluice {

/// The placement of a node among others, as one shard sees it: the test moves partitions to another shard or node.
class MovingPlacement final : public Placement {
 public:
  MovingPlacement(std::uint32_t shard, std::uint32_t shards) : Placement(shard), at_start_(shard, shards) {}
  Owner owner_of(std::uint32_t partition) const override {
    const auto moved = moved_.find(partition);
    return moved == moved_.end() ? at_start_.owner_of(partition) : moved->second;
  }
  /// In a turn of the shard.
  void move(std::uint32_t partition, Owner to) {
    moved_[partition] = to;
    tell_observers();
  }

 private:
  const FixedPlacement at_start_;
  std::map<std::uint32_t, Owner> moved_;
};

/// Makes these for the shards of a fabric.
class MovingPlacements {
 public:
  MakePlacement make() {
    return [this](std::uint32_t shard, std::uint32_t shards) {
      auto made = std::make_unique<MovingPlacement>(shard, shards);
      of_shard_.push_back(made.get());
      return made;
    };
  }
  MovingPlacement& of(std::uint32_t shard) { return *of_shard_[shard]; }

 private:
  std::vector<MovingPlacement*> of_shard_;
};

}  // namespace sluice
