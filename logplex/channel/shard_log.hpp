#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "logplex/base/units.hpp"
#include "logplex/channel/channel_log.hpp"
#include "logplex/channel/global_places.hpp"
#include "logplex/channel/losses.hpp"
#include "logplex/channel/segment_pool.hpp"
#include "logplex/channel/size_classes.hpp"
#include "logplex/runtime/shard.hpp"

namespace sluice {

class Subscription;

/// All channels that one shard owns: their segments, who reads them, and what is given up when memory is short.
///
/// What goes first when the budget is used up, from the largest channels: history that no drain still needs (from 75 %
/// on), then lines that only a standing drain waits for, then the rest. The victim is found by size class and a bounded
/// number of looks, not by a scan. Small channels pay nothing for a large one.
///
/// Lives on its shard, inside FabricShard, which passes its end of turn on to tell_readers().
class ShardLog final : public OnShard {
 public:
  /// A drain that has lines to take and took none for this long stands still.
  static constexpr std::chrono::seconds kStandsStillAfter{2};
  static constexpr unsigned kGlobalReaders = 64;

  ShardLog(Shard& shard, TurnHook& turn_end, Seq first_seq, std::uint64_t history_lines);
  ShardLog(const ShardLog&) = delete;
  ShardLog& operator=(const ShardLog&) = delete;
  ~ShardLog();

  ChannelLog& open(ChannelSlot slot, bool again);
  /// Its own readers end; it stays until global readers have taken everything.
  void close(ChannelLog& channel);
  ChannelLog& channel(std::uint32_t index) const { return chunks_[index / kChunk][index % kChunk]; }

  void append(ChannelLog& channel, const LineView& line);
  /// A record as another shard encoded it; gaps too.
  void append_record(ChannelLog& channel, const std::byte* record, std::size_t size);
  void append_gap(ChannelLog& channel, std::uint64_t lines, LossReason reason);

  /// The channel's records from this number on, which is held, as they lie in its segments.
  std::vector<std::span<const std::byte>> records_from(const ChannelLog& channel, Seq from) const;
  /// Between these two all that is held counts as needed by drains that get on.
  void begin_restoring() { restoring_ = true; }
  void end_restoring();
  /// Numbers begin at `first` and these records have them; they are whole. False when the channel has given out
  /// numbers.
  bool restore(ChannelLog& channel, Seq first, std::span<const std::span<const std::byte>> records);

  /// Calls on_news() and on_closed() of those who are due. End of turn.
  void tell_readers();

  void set_limit(std::uint64_t bytes);
  std::uint64_t limit() const { return limit_; }
  /// Memory that others use on behalf of lines, such as batches and frames.
  void charge(std::int64_t bytes) { charged_ += bytes; }
  std::uint64_t used_bytes() const;
  /// Part of the last quarter of the budget that is in use: 0 to 1.
  double pressure() const;
  /// How near readers of this channel that make progress are to losing lines: 0 while they need less than half of what
  /// it holds, or it is none of the largest; 1 when they need all of it. What else it holds goes first.
  double strain(const ChannelLog& channel) const;

  bool has_place_for_global_reader() const { return ~reserved_ != 0; }
  std::uint64_t channels() const { return open_channels_; }
  std::uint64_t appended_lines() const { return appended_lines_; }
  std::uint64_t appended_bytes() const { return appended_bytes_; }
  std::uint64_t evicted_bytes() const { return evicted_bytes_; }
  const std::array<std::uint64_t, Losses::kReasons>& evicted_lines() const { return evicted_lines_; }
  std::uint64_t history_lines() const { return history_lines_; }

 private:
  friend class Subscription;
  static constexpr std::uint32_t kChunk = 512;
  enum class Need : std::uint8_t { kNone, kStanding, kProgressing };

  // shard_log.cpp: lines in
  std::byte* room(ChannelLog& channel, std::size_t size);
  void roll(ChannelLog& channel, std::size_t size);
  void commit(ChannelLog& channel, std::size_t size, std::uint64_t lines, std::int64_t received_us);
  void announce(ChannelLog& channel, const Place& place);
  void announce_global(ChannelLog& channel, const Place& place);
  void announce_to_waiting(ChannelLog& channel, Seq seq);
  void tell(Subscription& reader);
  void forget(Subscription& reader);
  ChannelLog& new_channel();
  void free_channel(ChannelLog& channel);
  Place place_of(const ChannelLog& channel, unsigned reader) const {
    return (channel.fresh >> reader & 1) != 0 ? channel.fresh_place : places_.at(channel.news_block, reader);
  }
  void set_place(ChannelLog& channel, unsigned reader, const Place& place);
  bool drop_news(ChannelLog& channel, unsigned reader);

  // shard_log_memory.cpp: segments out
  void make_room(std::uint64_t bytes);
  struct Search {
    unsigned looks_per_class;
    unsigned looks;  // in all
  };
  static constexpr Search kUsualSearch{8, 32};
  ChannelLog* find_victim(Need at_most, Search search);
  ChannelLog* find_least_needed();
  bool give_up_history();
  void give_up_oldest(ChannelLog& channel, LossReason reason);
  void move_readers_on(ChannelLog& channel, Segment& gone, LossReason reason);
  void trim(ChannelLog& channel) {
    if (has_more_than_history(channel)) trim_history(channel);
  }
  bool has_more_than_history(const ChannelLog& channel) const {
    return channel.oldest != channel.newest && channel.next - channel.oldest_end >= (channel.open ? history_lines_ : 0);
  }
  void trim_history(ChannelLog& channel);
  void keep_for_global(unsigned reader, WallTime since);
  Need need_of(const ChannelLog& channel) const;
  bool progresses(const Subscription& reader) const;
  Need need_of(const Subscription& reader, const Place& place, const Segment& segment) const;

  TurnHook& turn_end_;
  const Seq first_seq_;
  const std::uint64_t history_lines_;
  Seq closed_above_ = 0;  // numbers below may have been given out by closed channels

  SegmentPool pool_;
  SizeClasses sizes_;
  std::vector<std::unique_ptr<ChannelLog[]>> chunks_;
  std::vector<std::uint32_t> free_channels_;
  std::uint64_t open_channels_ = 0;

  GlobalPlaces places_;
  std::array<Subscription*, kGlobalReaders> global_{};
  std::uint64_t globals_ = 0;                        // bit g: global_[g] reads
  std::uint64_t reserved_ = 0;                       // those and the ones that follow another
  std::uint64_t listening_ = 0;                      // bit g: to be told of the next line
  std::array<WallTime, kGlobalReaders> kept_since_;  // for each global reader: see Subscription::keep_since()
  WallTime globals_keep_since_ = WallTime::max();    // the earliest of them
  std::vector<Subscription*> due_;
  std::vector<Subscription*> telling_;

  std::uint64_t limit_ = ~std::uint64_t{0};
  std::uint64_t look_again_at_ = 0;  // no history was found to give up until more than this is used
  bool all_progress_ = false;        // nothing was found in this turn that only a standing reader waits for
  bool restoring_ = false;
  std::vector<std::uint32_t> restored_;  // channels, while restoring
  std::int64_t charged_ = 0;
  std::uint64_t appended_lines_ = 0;
  std::uint64_t appended_bytes_ = 0;
  std::uint64_t evicted_bytes_ = 0;
  std::array<std::uint64_t, Losses::kReasons> evicted_lines_{};
};

}  // namespace sluice
