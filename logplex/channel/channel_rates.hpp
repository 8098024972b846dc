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
  std::uint64_t burst = 0;             // lines that may come at once above the rate
  Duration notice_interval{};          // minimum time between two L16 notices in a channel
};

/// Enforces the line rate limit on the channels that one shard owns. Only the owner counts, so the limit is exact
/// however many shards receive lines. A token writes to one channel only, so it never gets more than its channel.
///
/// Drops lines over the rate. At the end of the turn the channel gets one gap record with reason `rate` for all lines
/// dropped in that turn, so every reader's counts stay exact, and at most one L16 line per notice interval. Lives on
/// its shard, inside FabricShard. Forgets a channel once it has kept to its rate for one notice interval.
class ChannelRates {
 public:
  void limit(const LineRateLimit& limit);
  bool limited() const { return line_time_ != 0; }

  /// Counts one line; false when it is over the channel's rate. `next_line_at` is the state kept in the channel.
  bool take(std::int64_t& next_line_at, SteadyTime now) const {
    const std::int64_t at = now.time_since_epoch().count();
    if (next_line_at - at > burst_time_) return false;
    next_line_at = (next_line_at > at ? next_line_at : at) + line_time_;
    return true;
  }
  /// Records a line that take() refused.
  void drop(ChannelSlot channel, WallTime now);

  /// At the end of a turn: calls gap(channel, lines) for each channel that dropped lines in this turn, then
  /// notice(channel, lines, since) if its notice is due.
  template <class Gap, class Notice>
  void end_turn(SteadyTime now, Gap&& gap, Notice&& notice) {
    for (const ChannelSlot channel : dropped_) {
      Dropped& dropped = channels_.at(channel.value);
      gap(channel, std::exchange(dropped.this_turn, 0));
      tell(channel, dropped, now, notice);
    }
    dropped_.clear();
  }
  /// Each second: sends the notices that have become due, and forgets channels that have kept to their rate since.
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

  std::int64_t line_time_ = 0;   // nanoseconds between two lines at the full rate; 0 = no limit
  std::int64_t burst_time_ = 0;  // nanoseconds that a channel may be ahead of its rate
  Duration notice_interval_{};
  std::unordered_map<std::uint32_t, Dropped> channels_;  // by slot
  std::vector<ChannelSlot> dropped_;                     // in this turn
  std::uint64_t all_ = 0;
};

}  // namespace sluice
