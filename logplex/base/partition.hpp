#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

constexpr std::uint32_t kPartitions = 1024;

/// XXH64(channel id) mod 1024, seed 0. Never changes: files, Kafka keys and nodes depend on it.
std::uint32_t partition_of(std::string_view channel_id);

/// The shard that owns a partition: contiguous ranges, so that neighbours share a shard.
constexpr std::uint32_t shard_of(std::uint32_t partition, std::uint32_t shards) {
  return static_cast<std::uint32_t>(std::uint64_t{partition} * shards / kPartitions);
}

}  // namespace sluice
