#pragma once

#include <map>
#include <memory>
#include <string>

#include "drains/delivery/frame_ring.hpp"

namespace sluice::drains {

/// The rings of one shard, by encoder likeness and filter.
class FrameRings {
 public:
  FrameRings(const DrainEnvironment& environment, FabricShard& fabric, BodyPool& bodies)
      : environment_(environment), fabric_(fabric), bodies_(bodies) {}

  /// The ring for this drain; nullptr if the drain shares with nobody.
  std::shared_ptr<FrameRing> find(const Drain& drain);
  /// Makes room for another global reader on this shard: if no place is free, one ring gives up its own. The drains of
  /// the ring keep their places.
  void leave_room();
  std::uint64_t lines_given_up() const;

 private:
  const DrainEnvironment& environment_;
  FabricShard& fabric_;
  BodyPool& bodies_;
  std::map<std::string, std::weak_ptr<FrameRing>> rings_;
};

}  // namespace sluice::drains
