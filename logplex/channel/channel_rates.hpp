#pragma once

#include <cstdint>
#include <iterator>
#include <unordered_map>
#include <utility>
#include <vector>

#include "logplex/base/clock.hpp"
#include "logplex/base/slot.hpp"
#include "logplex/base/units.hpp"

namespace sluice {

class ShardLog;
struct ChannelLog;

/// How many lines a channel may take, from all its senders and the router together.
struct LineRateLimit {
  std::uint64_t lines_per_second = 0;  // 0 = no limit
  std::uint64_t burst = 0;             // lines at once above it
  Duration notice_interval{};          // how often a channel is told of lines that were dropped
};

/// Keeps the channels that one shard owns to their rate. The owner counts, so a limit holds exactly however many shards
/// take lines in, and a token, which writes to one channel only, never gets more than its channel.
///
/// A line over the rate is not appended; at the end of the turn the channel gets one gap record for all of them, with
/// reason `rate`, so that every reader's account stays exact, and an L16 line now and then. Lives on its shard, inside
/// FabricShard. What it remembers of a channel goes when the channel has kept to its rate for an interval.
class ChannelRates {
 public:
  void limit(const LineRateLimit& limit);
  bool limited() const { return line_time_ != 0; }

  /// Counts one line in; false when it is over the channel's rate. `next_line_at` is the channel's own.
  bool take(std::int64_t& next_line_at, SteadyTime now) const {
    const std::int64_t at = now.time_since_epoch().count();
    if (next_line_at - at > burst_time_) return false;
    next_line_at = (next_line_at > at ? next_line_at : at) + line_time_;
    return true;
  }
  /// One that was not taken.
  void drop(ChannelSlot channel, WallTime now);

  /// Calls gap(channel, lines) for what was dropped in this turn, then notice(channel, lines, since) for those that are
  /// to be told. End of turn.
  template <class Gap, class Notice>
  void end_turn(SteadyTime now, Gap&& gap, Notice&& notice) {
    for (const ChannelSlot channel : dropped_) {
      Dropped& dropped = channels_.at(channel.value);
      gap(channel, std::exchange(dropped.this_turn, 0));
      tell(channel, dropped, now, notice);
    }
    dropped_.clear();
  }
  /// Tells what was not told yet, of channels whose interval has passed; forgets the others. Each second.
  template <class Notice>
  void end_second(SteadyTime now, Notice&& notice) {
    for (auto at = channels_.begin(); at != channels_.end();) {
      tell(ChannelSlot{at->first}, at->second, now, notice);
      at = is_over(at->second, now) ? channels_.erase(at) : std::next(at);
    }
  }

  std::uint64_t dropped() const { return all_; }

 private:
  struct Dropped {
    std::uint64_t this_turn = 0;
    std::uint64_t unreported = 0;
    WallTime since{};
    SteadyTime told_at{};
    bool told = false;
  };

  bool is_over(const Dropped& dropped, SteadyTime now) const {
    return dropped.this_turn == 0 && dropped.unreported == 0 && now - dropped.told_at >= notice_interval_;
  }
  template <class Notice>
  void tell(ChannelSlot channel, Dropped& dropped, SteadyTime now, Notice& notice) {
    if (dropped.unreported == 0 || (dropped.told && now - dropped.told_at < notice_interval_)) return;
    dropped.told = true;
    dropped.told_at = now;
    notice(channel, std::exchange(dropped.unreported, 0), dropped.since);
  }

  std::int64_t line_time_ = 0;   // nanoseconds of rate that a line takes; 0 = no limit
  std::int64_t burst_time_ = 0;  // that may be taken in advance
  Duration notice_interval_{};
  std::unordered_map<std::uint32_t, Dropped> channels_;  // by slot
  std::vector<ChannelSlot> dropped_;                     // in this turn
  std::uint64_t all_ = 0;
};

}  // namespace sluice
