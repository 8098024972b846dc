#include "logplex/base/partition.hpp"

#include <xxhash.h>

namespace sluice {

std::uint32_t partition_of(std::string_view channel_id) {
  return static_cast<std::uint32_t>(XXH64(channel_id.data(), channel_id.size(), 0) % kPartitions);
}

}  // namespace sluice
