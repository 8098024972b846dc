#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

constexpr std::uint32_t kPartitions = 1024;

/// XXH64(channel id) mod 1024, seed 0. Never changes: files, Kafka keys and nodes depend on it.
std::uint32_t partition_of(std::string_view channel_id);

}  // namespace sluice
