#pragma once

#include <cstdint>

#include "logplex/channel/channel_rates.hpp"
#include "logplex/channel/segment.hpp"

namespace sluice {

class Subscription;

/// One channel's log on the shard that owns it: a list of segments and the readers of the channel.
///
///     oldest -> [segment] -> [segment] -> ... -> [newest] -> nullptr
///                   ^ a reader's Place                ^ lines are appended here
///
/// Owned by ShardLog; its address is stable while it is open. It takes about 160 bytes, so an idle channel with its
/// first segment stays well under 1 KiB.
struct ChannelLog {
  static constexpr std::uint32_t kNoBlock = 0xffffffff;

  Segment* oldest = nullptr;
  Segment* newest = nullptr;
  Seq start = 0;                // the first sequence number of this channel
  Seq next = 0;                 // number of the next line
  Seq oldest_end = 0;           // oldest->end when it is sealed
  std::uint64_t end_bytes = 0;  // size of all records ever appended
  std::uint64_t memory = 0;     // bytes that its segments take
  ChannelRates::Due due;        // see ChannelRates::take()

  Subscription* readers = nullptr;  // list of the readers of this channel alone
  std::uint64_t news = 0;           // bit g: global reader g has lines to take here
  std::uint64_t fresh = 0;          // bit g: global reader g, in `news`, stands at fresh_place
  Place fresh_place;
  std::uint32_t news_block = kNoBlock;  // block with the places of all other readers in `news`
  std::uint32_t waiting = 0;            // own readers to notify of the next line

  ChannelLog* same_size_next = nullptr;  // ring of channels of one size class
  ChannelLog* same_size_prev = nullptr;
  ChannelSlot slot;
  std::uint32_t index = 0;      // index in its ShardLog
  std::uint8_t size_class = 0;  // 0 = holds nothing
  bool open = false;
  bool has_gaps = false;       // a segment that it holds may have a gap
  bool unwritten_gap = false;  // ChannelRates knows of dropped lines that no gap stands for yet

  Seq first_held() const { return oldest == nullptr ? next : oldest->first; }
  /// Bytes of records before this place since the channel began.
  std::uint64_t bytes_before(const Place& place) const {
    if (place.segment != nullptr) return place.segment->bytes_before + place.offset;
    return oldest == nullptr ? end_bytes : oldest->bytes_before;
  }
  Place end_place() const { return {next, newest, newest == nullptr ? 0 : newest->used}; }
};

}  // namespace sluice
