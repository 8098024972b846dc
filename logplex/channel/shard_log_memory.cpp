#include <algorithm>
#include <bit>

#include "logplex/channel/reader.hpp"
#include "logplex/channel/shard_log.hpp"

namespace sluice {
namespace {

/// Looks at so many channels of a size class, and at so many in all, before it takes the best seen.
constexpr unsigned kLooksPerClass = 8;
constexpr unsigned kLooks = 32;
/// Channels under a 64th of the largest one give up nothing for it.
constexpr unsigned kClassesBelowLargest = 6;

}  // namespace

void ShardLog::set_limit(std::uint64_t bytes) {
  limit_ = bytes;
  pool_.set_reserve(bytes / 16);
}

std::uint64_t ShardLog::used_bytes() const {
  const std::uint64_t index = chunks_.size() * kChunk * sizeof(ChannelLog) + places_.bytes();
  return pool_.used_bytes() + index + static_cast<std::uint64_t>(std::max<std::int64_t>(charged_, 0));
}

double ShardLog::pressure() const {
  const std::uint64_t from = limit_ / 4 * 3;
  const std::uint64_t used = used_bytes();
  if (used <= from) return 0;
  return std::min(static_cast<double>(used - from) / static_cast<double>(limit_ - from), 1.0);
}

bool ShardLog::presses(const ChannelLog& channel) const {
  return channel.oldest != nullptr && channel.size_class >= sizes_.large_from() &&
         need_of(channel) == Need::kProgressing;
}

void ShardLog::make_room(std::uint64_t bytes) {
  const std::uint64_t would_use = used_bytes() + bytes;
  if (would_use > limit_ / 4 * 3 && would_use > look_again_at_) {
    while (used_bytes() + bytes > limit_ / 4 * 3) {
      if (give_up_history()) continue;
      look_again_at_ = used_bytes() + limit_ / 256;
      break;
    }
  }
  while (used_bytes() + bytes > limit_) {
    ChannelLog* victim = find_victim(Need::kProgressing);
    if (victim == nullptr) return;
    give_up_oldest(*victim, LossReason::kMemoryBudget);
  }
}

bool ShardLog::give_up_history() {
  ChannelLog* victim = find_victim(Need::kNone);
  if (victim == nullptr) return false;
  give_up_oldest(*victim, LossReason::kMemoryBudget);
  return true;
}

/// The largest channel whose oldest segment is needed least; nullptr when all that were looked at are needed more.
ChannelLog* ShardLog::find_victim(Need at_most) {
  ChannelLog* best = nullptr;
  Need best_need = Need::kProgressing;
  unsigned looks = 0;
  const unsigned largest = sizes_.largest();
  const unsigned smallest = std::max(largest, kClassesBelowLargest) - kClassesBelowLargest;
  for (unsigned size_class = largest; size_class > smallest && looks < kLooks; --size_class) {
    const unsigned in_class = std::min(sizes_.count(size_class), kLooksPerClass);
    for (unsigned i = 0; i < in_class; ++i, ++looks) {
      ChannelLog* channel = sizes_.first(size_class);
      const Need need = need_of(*channel);
      if (need == Need::kNone) return channel;
      if (need <= at_most && (best == nullptr || need < best_need)) {
        best = channel;
        best_need = need;
      }
      sizes_.rotate(size_class);
    }
  }
  return best;
}

/// What drains still want of the channel's oldest segment.
ShardLog::Need ShardLog::need_of(const ChannelLog& channel) const {
  Need need = Need::kNone;
  const Segment& segment = *channel.oldest;
  for (const Subscription* reader = channel.readers; reader != nullptr; reader = reader->next_)
    need = std::max(need, need_of(*reader, reader->place_, segment));
  for (std::uint64_t left = channel.news; left != 0; left &= left - 1) {
    const auto g = static_cast<unsigned>(std::countr_zero(left));
    need = std::max(need, need_of(*global_[g], place_of(channel, g), segment));
  }
  return need;
}

ShardLog::Need ShardLog::need_of(const Subscription& reader, const Place& place, const Segment& segment) const {
  if (reader.retention_ == Retention::kNothing || place.next >= segment.end) return Need::kNone;
  return shard().now() - reader.progress_ > kStandsStillAfter ? Need::kStanding : Need::kProgressing;
}

void ShardLog::give_up_oldest(ChannelLog& channel, LossReason reason) {
  Segment& gone = *channel.oldest;
  move_readers_on(channel, gone, reason);
  evicted_lines_[static_cast<std::size_t>(reason)] += gone.lines();
  evicted_bytes_ += SegmentPool::footprint(gone);
  channel.oldest = gone.next;
  if (channel.oldest == nullptr)
    channel.newest = nullptr;
  else
    channel.oldest_end = channel.oldest->end;
  const std::uint64_t before = channel.memory;
  channel.memory -= SegmentPool::footprint(gone);
  sizes_.update(channel, before);
  gone.next = nullptr;
  pool_.release(gone);
}

/// Whoever stands in the segment goes to the next one; what was not taken is lost to it.
void ShardLog::move_readers_on(ChannelLog& channel, Segment& gone, LossReason reason) {
  for (Subscription* reader = channel.readers; reader != nullptr; reader = reader->next_)
    reader->leave(channel, reader->place_, gone, reason);
  Place fresh_after = channel.fresh_place;
  for (std::uint64_t left = channel.news; left != 0; left &= left - 1) {
    const auto g = static_cast<unsigned>(std::countr_zero(left));
    Place place = place_of(channel, g);
    global_[g]->leave(channel, place, gone, reason);
    if ((channel.fresh >> g & 1) != 0)
      fresh_after = place;
    else
      places_.at(channel.news_block, g) = place;
  }
  channel.fresh_place = fresh_after;
}

/// Lets go of what is older than the history, unless a drain still wants it. Whole segments, so a little more stays.
void ShardLog::trim_history(ChannelLog& channel) {
  while (has_more_than_history(channel) && need_of(channel) == Need::kNone)
    give_up_oldest(channel, LossReason::kRetention);
}

}  // namespace sluice
