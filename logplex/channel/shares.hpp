#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace sluice {

/// What one shard says about its memory, each second.
struct ShareDemand {
  std::uint64_t used = 0;     // bytes
  std::uint64_t evicted = 0;  // bytes given up since it last asked
};

/// Splits the process's byte budget: a quarter equally, so that no shard is without, the rest by what each uses or
/// would have used. The shares add up to the budget, less than a byte a shard missing.
std::vector<std::uint64_t> split_budget(std::uint64_t budget, std::span<const ShareDemand> demands);

}  // namespace sluice
