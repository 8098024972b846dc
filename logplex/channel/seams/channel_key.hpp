#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace sluice {

/// Names a channel of a log wherever its lines are: on disk, in the ids of frames, on another node. It is the same in
/// every process, unlike a slot.
struct ChannelKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend auto operator<=>(const ChannelKey&, const ChannelKey&) = default;
};

/// XXH3 (128 bits) of the channel's id, seeded by the log id. Never changes: files and receivers depend on it.
ChannelKey channel_key(std::uint64_t log_id, std::string_view channel_id);

}  // namespace sluice
