#pragma once

#include <cstdint>

#include "drains/delivery/body_pool.hpp"
#include "drains/delivery/frame_rings.hpp"

namespace sluice::drains {

/// What the drains of one shard share. Must outlive them.
struct FrameMemory {
  FrameMemory(const DrainEnvironment& environment, FabricShard& fabric)
      : bodies(environment.shard, fabric), rings(environment, fabric, bodies) {}

  BodyPool bodies;
  FrameRings rings;
  std::uint64_t delivered_lines = 0;  // by all drains, including deleted ones
};

}  // namespace sluice::drains
