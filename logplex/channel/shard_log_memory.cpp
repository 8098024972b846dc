#include <algorithm>
#include <bit>

#include "logplex/channel/shard_log.hpp"
#include "logplex/channel/subscription.hpp"

namespace sluice {
namespace {

/// Before drains in progress lose lines, the others lose theirs, but for this part of a channel's fair share.
constexpr std::uint64_t kPartOfStanding = 3;
/// How many segments to evict for one new segment. It is far more than one segment needs, so the memory in use falls to
/// a limit that was lowered; and it bounds the turn.
constexpr unsigned kMostEvictions = 256;

WallTime newest_in(const Segment& segment) { return WallTime(std::chrono::microseconds(segment.newest_us)); }

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

double ShardLog::strain(const ChannelLog& channel) const {
  if (channel.oldest == nullptr || channel.memory <= fair_share(limit_ / 4 * 3, 0)) return 0;
  std::uint64_t needed_from = channel.end_bytes;
  const auto look_at = [&](const Subscription& reader, const Place& place) {
    if (reader.retention_ == Retention::kUntaken && progresses(reader))
      needed_from = std::min(needed_from, channel.bytes_before(place));
  };
  for (const Subscription* reader = channel.readers; reader != nullptr; reader = reader->next_)
    look_at(*reader, reader->place_);
  for (std::uint64_t left = channel.news; left != 0; left &= left - 1) {
    const auto g = static_cast<unsigned>(std::countr_zero(left));
    look_at(*global_[g], place_of(channel, g));
  }
  const auto needed = static_cast<double>(channel.end_bytes - needed_from);
  const auto held = static_cast<double>(channel.end_bytes - channel.oldest->bytes_before);
  return held > 0 ? std::max(2 * needed / held - 1, 0.0) : 0;
}

/// False when more has to be evicted than is good for one turn.
bool ShardLog::make_room(std::uint64_t bytes) {
  unsigned evictions = 0;
  const std::uint64_t for_history = limit_ / 4 * 3;
  const auto would_use = [&] { return sizes_.bytes() + beside_lines() + bytes; };
  if (would_use() > for_history && would_use() > look_again_at_) {
    for (; would_use() > for_history && evictions < kMostEvictions; ++evictions) {
      ChannelLog* victim = find_victim(Need::kNone, usual_search(), fair_share(for_history, bytes));
      if (victim == nullptr) {
        look_again_at_ = would_use() + limit_ / 256;
        break;
      }
      give_up_oldest(*victim, LossReason::kMemoryBudget);
    }
  }
  for (; would_use() > limit_ && evictions < kMostEvictions; ++evictions) {
    ChannelLog* victim = find_least_needed(fair_share(limit_, bytes) / 8 * 7);
    if (victim == nullptr) return true;
    give_up_oldest(*victim, LossReason::kMemoryBudget);
  }
  return evictions < kMostEvictions;
}

/// What counts beside the segments of channels: frames, batches, the index. At most five eighths of the budget, as
/// frames should take no more (BodyPool::has_room()), so that they never take the lines of all channels.
std::uint64_t ShardLog::beside_lines() const {
  return std::min(used_bytes() - std::min(used_bytes(), sizes_.bytes()), limit_ / 8 * 5);
}

/// What each channel may hold so that all channels, what else is charged and `more` bytes fit into `limit`.
std::uint64_t ShardLog::fair_share(std::uint64_t limit, std::uint64_t more) const {
  return sizes_.fair_share(limit - std::min(limit, beside_lines() + more));
}

/// Lines that a drain in progress needs are evicted last, so a longer search for other lines pays off. The caller
/// passes seven eighths of the fair share: channels lose segments of about an eighth, so in a shortage most hold about
/// that.
ChannelLog* ShardLog::find_least_needed(std::uint64_t share) {
  if (ChannelLog* found = find_victim(Need::kStanding, usual_search(), share); found != nullptr) return found;
  for (const std::uint64_t above : {share, share / kPartOfStanding}) {
    const Search patient{looks_left_, looks_left_, true};
    ChannelLog* found = patient_ ? find_victim(Need::kStanding, patient, above) : nullptr;
    if (found != nullptr) return found;
  }
  patient_ = false;
  if (ChannelLog* found = find_victim(Need::kProgressing, usual_search(), share); found != nullptr) return found;
  // Those over their share hide behind many of the same size.
  const unsigned size_class = sizes_.largest();
  sizes_.rotate(size_class);
  return sizes_.first(size_class);
}

/// A channel that holds more than `share` and whose oldest segment is needed least; nullptr when all channels looked at
/// are needed more than `at_most`. The largest come first.
ChannelLog* ShardLog::find_victim(Need at_most, Search search, std::uint64_t share) {
  ChannelLog* best = nullptr;
  Need best_need = Need::kProgressing;
  unsigned looks = 0;
  const unsigned smallest = std::max(SizeClasses::class_of(share), 1U);
  for (unsigned size_class = sizes_.largest(); size_class >= smallest && looks < search.looks;
       size_class = sizes_.next_below(size_class)) {
    const unsigned in_class = std::min(sizes_.count(size_class), search.looks_per_class);
    for (unsigned i = 0; i < in_class; ++i, ++looks, sizes_.rotate(size_class)) {
      ChannelLog* channel = sizes_.first(size_class);
      if (looks_left_ > 0) --looks_left_;
      ++looks_;
      if (channel->memory <= share) continue;
      const Need need = need_of(*channel);
      if (need == Need::kNone || (search.patient && need <= at_most)) return channel;
      if (need <= at_most && (best == nullptr || need < best_need)) {
        best = channel;
        best_need = need;
      }
    }
  }
  return best;
}

/// Whether drains still need the channel's oldest segment, and whether one of them makes progress.
ShardLog::Need ShardLog::need_of(const ChannelLog& channel) const {
  if (restoring_) return Need::kProgressing;
  const Segment& segment = *channel.oldest;
  Need need = newest_in(segment) >= globals_keep_since_ ? Need::kStanding : Need::kNone;
  for (const Subscription* reader = channel.readers; reader != nullptr; reader = reader->next_)
    need = std::max(need, need_of(*reader, reader->place_, segment));
  for (std::uint64_t left = channel.news; left != 0; left &= left - 1) {
    const auto g = static_cast<unsigned>(std::countr_zero(left));
    need = std::max(need, need_of(*global_[g], place_of(channel, g), segment));
  }
  return need;
}

ShardLog::Need ShardLog::need_of(const Subscription& reader, const Place& place, const Segment& segment) const {
  const bool wanted = place.next < segment.end || newest_in(segment) >= reader.kept_since_;
  if (reader.retention_ == Retention::kNothing || !wanted) return Need::kNone;
  return progresses(reader) ? Need::kProgressing : Need::kStanding;
}

void ShardLog::keep_for_global(unsigned reader, WallTime since) {
  kept_since_[reader] = since;
  globals_keep_since_ = *std::min_element(kept_since_.begin(), kept_since_.end());
}

bool ShardLog::progresses(const Subscription& reader) const {
  return shard().now() - reader.progress_ <= kStandsStillAfter;
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

/// Moves every reader that stands in the segment to the next one; a reader loses the lines that it had not taken.
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

/// Evicts lines older than the history, unless a drain needs them. Frees whole segments, so a few more lines stay. A
/// gap counts as one line however many it stands for, so that dropped lines do not push out those that were taken.
void ShardLog::trim_history(ChannelLog& channel) {
  while (has_more_than_history(channel) && need_of(channel) == Need::kNone) {
    if (channel.has_gaps && channel.open && records_after_oldest(channel) < history_lines_) return;
    give_up_oldest(channel, LossReason::kRetention);
    channel.has_gaps = channel.has_gaps && some_segment_has_gap(channel);
  }
}

bool ShardLog::some_segment_has_gap(const ChannelLog& channel) {
  const Segment* segment = channel.oldest;
  while (segment != nullptr && !segment->has_gap) segment = segment->next;
  return segment != nullptr;
}

std::uint64_t ShardLog::records_after_oldest(const ChannelLog& channel) {
  std::uint64_t records = 0;
  for (const Segment* segment = channel.oldest->next; segment != nullptr; segment = segment->next)
    records += records_in(*segment);
  return records;
}

/// Walks over the records of segments with gaps only.
std::uint64_t ShardLog::records_in(const Segment& segment) {
  if (!segment.has_gap) return segment.lines();
  std::uint64_t records = 0;
  for (std::uint32_t at = 0; at < segment.used; ++records)
    at += static_cast<std::uint32_t>(RecordView(segment.payload() + at).size());
  return records;
}

Seq ShardLog::history_start(const ChannelLog& channel) const {
  if (channel.oldest == nullptr || history_lines_ == 0) return channel.next;
  const std::uint64_t records = records_in(*channel.oldest) + records_after_oldest(channel);
  std::uint64_t skip = records - std::min(records, history_lines_);
  const Segment* segment = channel.oldest;
  for (; skip > 0 && skip >= records_in(*segment); segment = segment->next) skip -= records_in(*segment);
  Seq start = segment->first;
  for (std::uint32_t at = 0; skip > 0; --skip) {
    const RecordView record(segment->payload() + at);
    start += record.lines();
    at += static_cast<std::uint32_t>(record.size());
  }
  return start;
}

std::vector<std::span<const std::byte>> ShardLog::records_from(const ChannelLog& channel, Seq from) const {
  std::vector<std::span<const std::byte>> records;
  for (const Segment* segment = channel.oldest; segment != nullptr; segment = segment->next) {
    if (segment->end <= from) continue;
    std::uint32_t offset = 0;
    for (Seq seq = segment->first; seq < from && offset < segment->used;) {
      const RecordView record(segment->payload() + offset);
      offset += static_cast<std::uint32_t>(record.size());
      seq += record.lines();
    }
    records.emplace_back(segment->payload() + offset, segment->used - offset);
  }
  return records;
}

bool ShardLog::restore(ChannelLog& channel, Seq first, std::span<const std::span<const std::byte>> records) {
  check_shard();
  if (channel.next != channel.start) return false;
  channel.start = channel.next = first;
  restored_.push_back(channel.index);
  for (std::span<const std::byte> rest : records) {
    while (!rest.empty()) {
      const std::size_t size = RecordView(rest.data()).size();
      append_record(channel, rest.data(), size);
      rest = rest.subspan(size);
    }
  }
  return true;
}

void ShardLog::end_restoring() {
  restoring_ = false;
  for (const std::uint32_t index : restored_) trim(channel(index));
  restored_.clear();
}

}  // namespace sluice
