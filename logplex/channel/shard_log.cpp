#include "logplex/channel/shard_log.hpp"

#include <algorithm>
#include <bit>

#include "logplex/channel/subscription.hpp"

namespace sluice {
namespace {

/// Limit of readers notified per turn, about 0.5 us each: one socket read may bring lines for a thousand channels.
constexpr std::size_t kTellsPerTurn = 512;

}  // namespace

ShardLog::ShardLog(Shard& shard, TurnHook& turn_end, Seq first_seq, std::uint64_t history_lines)
    : OnShard(shard),
      turn_end_(turn_end),
      first_seq_(first_seq),
      history_lines_(history_lines),
      closed_above_(first_seq) {
  kept_since_.fill(WallTime::max());
}

ShardLog::~ShardLog() = default;

ChannelLog& ShardLog::new_channel() {
  if (free_channels_.empty()) {
    const auto first = static_cast<std::uint32_t>(chunks_.size() * kChunk);
    chunks_.push_back(std::make_unique<ChannelLog[]>(kChunk));
    for (std::uint32_t i = kChunk; i-- > 0;) free_channels_.push_back(first + i);
  }
  const std::uint32_t index = free_channels_.back();
  free_channels_.pop_back();
  ChannelLog& made = channel(index);
  made = ChannelLog{};
  made.index = index;
  return made;
}

ChannelLog& ShardLog::open(ChannelSlot slot, bool again) {
  check_shard();
  ChannelLog& made = new_channel();
  made.slot = slot;
  made.open = true;
  made.start = made.next = again ? closed_above_ : first_seq_;
  ++open_channels_;
  return made;
}

void ShardLog::close(ChannelLog& channel) {
  check_shard();
  closed_above_ = std::max(closed_above_, channel.next);
  channel.open = false;
  --open_channels_;
  while (channel.readers != nullptr) {
    Subscription& reader = *channel.readers;
    reader.detach();
    reader.closed_ = true;
    tell(reader);
  }
  if (channel.news == 0)
    free_channel(channel);
  else
    trim(channel);
}

void ShardLog::free_channel(ChannelLog& channel) {
  while (channel.oldest != nullptr) {
    Segment& segment = *channel.oldest;
    channel.oldest = segment.next;
    pool_.release(segment);
  }
  const std::uint64_t before = std::exchange(channel.memory, 0);
  sizes_.update(channel, before);
  free_channels_.push_back(channel.index);
}

void ShardLog::append(ChannelLog& channel, const LineView& line) {
  check_shard();
  const std::size_t size = record_size(line);
  encode_record(line, room(channel, size));
  commit(channel, size, 1, line.received.time_since_epoch().count());
}

void ShardLog::append_record(ChannelLog& channel, const std::byte* record, std::size_t size) {
  std::byte* at = room(channel, size);
  std::memcpy(at, record, size);
  const RecordView view(at);
  if (view.is_gap()) channel.newest->has_gap = channel.has_gaps = true;
  commit(channel, size, view.lines(), view.received().time_since_epoch().count());
}

void ShardLog::append_gap(ChannelLog& channel, std::uint64_t lines, LossReason reason) {
  check_shard();
  if (lines == 0) return;
  encode_gap(lines, reason, shard().wall_now(), room(channel, kGapRecordSize));
  channel.newest->has_gap = channel.has_gaps = true;
  commit(channel, kGapRecordSize, lines, shard().wall_now().time_since_epoch().count());
}

std::byte* ShardLog::room(ChannelLog& channel, std::size_t size) {
  if (channel.newest == nullptr || channel.newest->room() < size) roll(channel, size);
  return channel.newest->payload() + channel.newest->used;
}

void ShardLog::roll(ChannelLog& channel, std::size_t size) {
  const std::uint8_t size_class = SegmentPool::class_for(channel.memory, size);
  make_room(SegmentPool::footprint(size_class, size));
  Segment* segment = pool_.acquire(size_class, size);
  segment->first = segment->end = channel.next;
  segment->bytes_before = channel.end_bytes;
  if (channel.newest == nullptr)
    channel.oldest = segment;
  else
    channel.newest->next = segment;
  if (channel.oldest != segment) channel.oldest_end = channel.oldest->end;
  channel.newest = segment;
  const std::uint64_t before = channel.memory;
  channel.memory += SegmentPool::footprint(*segment);
  sizes_.update(channel, before);
  trim(channel);
}

void ShardLog::commit(ChannelLog& channel, std::size_t size, std::uint64_t lines, std::int64_t received_us) {
  Segment& segment = *channel.newest;
  if (segment.used == 0) segment.oldest_us = segment.newest_us = received_us;
  segment.oldest_us = std::min(segment.oldest_us, received_us);
  segment.newest_us = std::max(segment.newest_us, received_us);
  segment.used += static_cast<std::uint32_t>(size);
  segment.end += lines;
  channel.next += lines;
  channel.end_bytes += size;
  appended_lines_ += lines;
  appended_bytes_ += size;
  // A line costs nothing for readers that have already been notified.
  if (((globals_ & ~channel.news) | channel.waiting | listening_) != 0)
    announce(channel, {channel.next - lines, &segment, segment.used - static_cast<std::uint32_t>(size)});
}

void ShardLog::announce(ChannelLog& channel, const Place& place) {
  if ((globals_ & ~channel.news) != 0) announce_global(channel, place);
  if (channel.waiting != 0) announce_to_waiting(channel, place.next);
  for (std::uint64_t left = std::exchange(listening_, 0); left != 0; left &= left - 1)
    tell(*global_[static_cast<unsigned>(std::countr_zero(left))]);
}

void ShardLog::announce_global(ChannelLog& channel, const Place& place) {
  const bool together = channel.fresh == 0;
  for (std::uint64_t left = globals_ & ~channel.news; left != 0; left &= left - 1) {
    const auto g = static_cast<unsigned>(std::countr_zero(left));
    Subscription& reader = *global_[g];
    if (reader.news_.empty()) reader.progress_ = shard().now();
    reader.news_.push(channel.index);
    if (!together) set_place(channel, g, place);
  }
  if (together) {
    channel.fresh = globals_ & ~channel.news;
    channel.fresh_place = place;
  }
  channel.news |= globals_;
}

void ShardLog::announce_to_waiting(ChannelLog& channel, Seq seq) {
  channel.waiting = 0;
  for (Subscription* reader = channel.readers; reader != nullptr; reader = reader->next_) {
    if (reader->place_.next == seq) reader->progress_ = shard().now();
    if (!reader->told_) tell(*reader);
  }
}

void ShardLog::tell(Subscription& reader) {
  if (reader.due_) return;
  reader.told_ = reader.due_ = true;
  due_.push_back(&reader);
  shard().at_turn_end(turn_end_);
}

void ShardLog::forget(Subscription& reader) {
  if (!std::exchange(reader.due_, false)) return;
  std::replace(due_.begin(), due_.end(), &reader, static_cast<Subscription*>(nullptr));
  std::replace(telling_.begin(), telling_.end(), &reader, static_cast<Subscription*>(nullptr));
}

void ShardLog::tell_readers() {
  look_again_at_ = 0;
  looks_left_ = kLooksPerTurn;
  patient_ = true;
  if (telling_.empty()) telling_.swap(due_);
  const std::size_t count = std::min(telling_.size(), kTellsPerTurn);
  for (std::size_t i = 0; i < count; ++i) {
    Subscription* reader = std::exchange(telling_[i], nullptr);
    if (reader == nullptr) continue;
    reader->due_ = false;
    if (std::exchange(reader->closed_, false))
      reader->on_closed();
    else if (reader->has_pending())
      reader->on_news();
    else
      reader->listen();
  }
  telling_.erase(telling_.begin(), telling_.begin() + static_cast<std::ptrdiff_t>(count));
  if (!telling_.empty()) shard().at_turn_end(turn_end_);
}

/// Readers that keep up share one place, fresh_place. Only a reader that leaves it needs a place of its own.
void ShardLog::set_place(ChannelLog& channel, unsigned reader, const Place& place) {
  channel.fresh &= ~(std::uint64_t{1} << reader);
  if (channel.news_block == ChannelLog::kNoBlock) channel.news_block = places_.acquire();
  places_.at(channel.news_block, reader) = place;
}

/// The reader has taken everything in this channel. False when the channel was closed and is freed now.
bool ShardLog::drop_news(ChannelLog& channel, unsigned reader) {
  channel.news &= ~(std::uint64_t{1} << reader);
  channel.fresh &= channel.news;
  if (channel.news_block != ChannelLog::kNoBlock && channel.news == channel.fresh)
    places_.release(std::exchange(channel.news_block, ChannelLog::kNoBlock));
  if (channel.news != 0 || channel.open) return true;
  free_channel(channel);
  return false;
}

}  // namespace sluice
