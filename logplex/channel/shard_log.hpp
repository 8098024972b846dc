#pragma once

#include <algorithm>
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

/// All channels that one shard owns: their segments, their readers, and eviction when memory is short.
///
/// Eviction takes from channels that hold more than about their fair share (SizeClasses::fair_share()), in this order:
/// history that no drain still needs, once 75 % of the budget is used (the share is then that of 75 %); when the budget
/// is used up, lines needed only by drains that stand still; the same in channels that hold more than a third of their
/// share; then other lines. It finds a victim by size class with a bounded number of looks, not by a scan. When it
/// finds none, the largest class gives.
///
/// Lives on its shard, inside FabricShard, which calls tell_readers() at the end of each turn.
class ShardLog final : public OnShard {
 public:
  /// A drain stands still when it has had lines to take and has taken none for this long.
  static constexpr std::chrono::seconds kStandsStillAfter{2};
  static constexpr unsigned kGlobalReaders = 64;

  ShardLog(Shard& shard, TurnHook& turn_end, Seq first_seq, std::uint64_t history_lines);
  ShardLog(const ShardLog&) = delete;
  ShardLog& operator=(const ShardLog&) = delete;
  ~ShardLog();

  ChannelLog& open(ChannelSlot slot, bool again);
  /// Detaches the channel's own readers. The channel stays in memory until global readers have taken everything.
  void close(ChannelLog& channel);
  /// Channels that were closed have given out no number from here on; channels opened again begin at it.
  Seq closed_above() const { return closed_above_; }
  /// The same holds for channels of other shards that this shard takes over.
  void number_above(Seq next) { closed_above_ = std::max(closed_above_, next); }
  ChannelLog& channel(std::uint32_t index) const { return chunks_[index / kChunk][index % kChunk]; }

  void append(ChannelLog& channel, const LineView& line);
  /// Appends a record that is already encoded, for example by another shard. It may be a gap.
  void append_record(ChannelLog& channel, const std::byte* record, std::size_t size);
  void append_gap(ChannelLog& channel, std::uint64_t lines, LossReason reason);

  /// The channel's records from this number on, in place in its segments. The channel must still hold that number.
  std::vector<std::span<const std::byte>> records_from(const ChannelLog& channel, Seq from) const;
  /// Between these two calls every line counts as needed by a drain that makes progress.
  void begin_restoring() { restoring_ = true; }
  void end_restoring();
  /// Appends these whole records, numbered from `first` on. False when the channel has already given out numbers.
  bool restore(ChannelLog& channel, Seq first, std::span<const std::span<const std::byte>> records);

  /// Calls on_news() or on_closed() of the readers that are due. At the end of a turn.
  void tell_readers();

  void set_limit(std::uint64_t bytes);
  std::uint64_t limit() const { return limit_; }
  /// Counts memory that other parts use for lines, such as batches and frames.
  void charge(std::int64_t bytes) { charged_ += bytes; }
  std::uint64_t used_bytes() const;
  /// How much of the last quarter of the budget is in use: 0 to 1.
  double pressure() const;
  /// How close drains that make progress are to losing lines of this channel. 0 while they need less than half of the
  /// bytes it holds, because eviction takes the other half first; 1 when they need all of it. 0 for a channel that
  /// holds no more than its fair share of 75 % of the budget.
  double strain(const ChannelLog& channel) const;
  /// Evicts what is over the limit because frames and others have been charged since. False when more is left for the
  /// next turn.
  bool keep_to_limit() { return make_room(0); }

  bool has_place_for_global_reader() const { return ~reserved_ != 0; }
  std::uint64_t channels() const { return open_channels_; }
  std::uint64_t appended_lines() const { return appended_lines_; }
  std::uint64_t appended_bytes() const { return appended_bytes_; }
  std::uint64_t evicted_bytes() const { return evicted_bytes_; }
  /// How many channels were looked at, to find the one that gives memory.
  std::uint64_t eviction_looks() const { return looks_; }
  const std::array<std::uint64_t, Losses::kReasons>& evicted_lines() const { return evicted_lines_; }
  /// The number of the first line of the channel's history: the last history_lines records that are held.
  Seq history_start(const ChannelLog& channel) const;

 private:
  friend class Subscription;
  static constexpr std::uint32_t kChunk = 512;
  enum class Need : std::uint8_t { kNone, kStanding, kProgressing };

  // shard_log.cpp: appending
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

  // shard_log_memory.cpp: eviction
  bool make_room(std::uint64_t bytes);
  struct Search {
    unsigned looks_per_class;
    unsigned looks;  // in all classes
    bool patient;    // takes the first channel that is needed at most so much
  };
  /// How many channels to look at in a turn. After that, searches are short.
  static constexpr unsigned kLooksPerTurn = 8192;
  static constexpr Search kUsualSearch{4, 48, false};
  static constexpr Search kShortSearch{1, 4, false};
  Search usual_search() const { return looks_left_ > 0 ? kUsualSearch : kShortSearch; }
  std::uint64_t beside_lines() const;
  static std::uint64_t records_after_oldest(const ChannelLog& channel);
  static std::uint64_t records_in(const Segment& segment);
  static bool some_segment_has_gap(const ChannelLog& channel);
  std::uint64_t fair_share(std::uint64_t limit, std::uint64_t more) const;
  ChannelLog* find_victim(Need at_most, Search search, std::uint64_t share);
  ChannelLog* find_least_needed(std::uint64_t share);
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
  Seq closed_above_ = 0;  // closed channels may have given out numbers below this

  SegmentPool pool_;
  SizeClasses sizes_;
  std::vector<std::unique_ptr<ChannelLog[]>> chunks_;
  std::vector<std::uint32_t> free_channels_;
  std::uint64_t open_channels_ = 0;

  GlobalPlaces places_;
  std::array<Subscription*, kGlobalReaders> global_{};
  std::uint64_t globals_ = 0;                        // bit g: global_[g] reads
  std::uint64_t reserved_ = 0;                       // bit g: place g is taken, also by a reader that follows another
  std::uint64_t listening_ = 0;                      // bit g: notify global_[g] of the next line
  std::array<WallTime, kGlobalReaders> kept_since_;  // for each global reader: see Subscription::keep_since()
  WallTime globals_keep_since_ = WallTime::max();    // the earliest of these
  std::vector<Subscription*> due_;
  std::vector<Subscription*> telling_;

  std::uint64_t limit_ = ~std::uint64_t{0};
  std::uint64_t look_again_at_ = 0;      // no history was found to evict: search again above this use
  unsigned looks_left_ = kLooksPerTurn;  // in this turn
  bool patient_ = true;                  // in this turn no patient search was in vain
  std::uint64_t looks_ = 0;
  bool restoring_ = false;
  std::vector<std::uint32_t> restored_;  // channels, while restoring
  std::int64_t charged_ = 0;
  std::uint64_t appended_lines_ = 0;
  std::uint64_t appended_bytes_ = 0;
  std::uint64_t evicted_bytes_ = 0;
  std::array<std::uint64_t, Losses::kReasons> evicted_lines_{};
};

}  // namespace sluice
