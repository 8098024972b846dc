#include "logplex/channel/seams/channel_key.hpp"

#include <xxhash.h>

namespace sluice {

ChannelKey channel_key(std::uint64_t log_id, std::string_view channel_id) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(channel_id.data(), channel_id.size(), log_id);
  return {hash.high64, hash.low64};
}

}  // namespace sluice
