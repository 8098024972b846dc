#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace sluice {

/// One shard's report about its memory, each second.
struct ShareDemand {
  std::uint64_t used = 0;     // bytes
  std::uint64_t evicted = 0;  // bytes evicted since its last report
};

/// Splits the process's byte budget over the shards: a quarter equally, so that every shard has some, and the rest in
/// proportion to used + evicted bytes. The shares add up to the budget, less rounding of under one byte per shard.
std::vector<std::uint64_t> split_budget(std::uint64_t budget, std::span<const ShareDemand> demands);

}  // namespace sluice
