#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <unordered_map>
#include <utility>
#include <vector>

#include "logplex/base/clock.hpp"
#include "logplex/base/slot.hpp"
#include "logplex/base/units.hpp"
#include "logplex/channel/sender.hpp"

namespace sluice {

/// How much a channel may take, from all its senders and the router together, and how much of that one sender may use.
struct RateLimits {
  std::uint64_t lines_per_second = 0;  // 0 = no limit
  std::uint64_t lines_burst = 0;       // lines that may come at once
  std::uint64_t bytes_per_second = 0;  // of records (record_size()); 0 = no limit
  std::uint64_t bytes_burst = 0;       // bytes that may come at once; the last line may go beyond them
  unsigned sender_percent = 100;       // of all four for one token or API key
  Duration notice_interval{};          // minimum time between two L16 notices in a channel
};

/// A rate with a burst, by the generic cell rate algorithm (ITU-T I.371, annex A): all that it keeps for a channel is
/// the time at which the next unit is due.
class Rate {
 public:
  Rate() = default;
  Rate(double per_second, double burst);

  bool limited() const { return unit_time_ != 0; }
  bool allows(std::int64_t next_at, std::int64_t now) const { return !limited() || next_at - now <= burst_time_; }
  std::int64_t after(std::int64_t next_at, std::int64_t now, std::size_t units) const {
    return std::max(next_at, now) + static_cast<std::int64_t>(static_cast<double>(units) * unit_time_);
  }

 private:
  double unit_time_ = 0;         // nanoseconds between two units at the full rate; 0 = no limit
  std::int64_t burst_time_ = 0;  // nanoseconds that a channel may be ahead of its rate
};

/// Enforces the rate limits on the channels that one shard owns. Only the owner counts, so the limits are exact however
/// many shards receive lines.
///
/// Drops lines over a rate. The channel gets a gap record with reason `rate` for them, so every reader's counts stay
/// exact: at the end of the turn, but not more often than kGapsASecond, so that gaps do not crowd its history; then
/// before the next line that it takes, at the latest within a second. It also gets at most one L16 line per notice
/// interval. Forgets a channel once it has kept to its rate for one notice interval, and a sender once it is not ahead
/// of its rate. Lives on its shard, inside FabricShard.
class ChannelRates {
 public:
  /// How many gaps a channel gets at the ends of turns in a second.
  static constexpr unsigned kGapsASecond = 10;

  /// What is kept for a channel and for a sender: when its next line and its next byte are due.
  struct Due {
    std::int64_t line_at = 0;
    std::int64_t byte_at = 0;
  };

  void limit(const RateLimits& limits);
  bool limited() const { return limited_; }

  /// Counts one line of `bytes`; false when it is over the rate of the channel or of its sender. `due` is the state
  /// kept in the channel.
  bool take(Due& due, ChannelSlot channel, SenderId sender, std::size_t bytes, SteadyTime now);
  /// Records a line that take() refused.
  void drop(ChannelSlot channel, WallTime now);

  /// At the end of a turn in which lines were dropped: calls gap(channel, lines) and notice(channel, lines, since)
  /// where they are due.
  template <class Gap, class Notice>
  void end_turn(SteadyTime now, Gap&& gap, Notice&& notice) {
    for (const ChannelSlot channel : over_) {
      Dropped& dropped = channels_.at(channel.value);
      if (dropped.unwritten == 0 || dropped.gaps == kGapsASecond) continue;
      ++dropped.gaps;
      gap(channel, std::exchange(dropped.unwritten, 0));
      tell(channel, dropped, now, notice);
    }
    over_.clear();
  }
  /// The lines of this channel that were dropped and that no gap stands for yet; the caller writes the gap.
  std::uint64_t take_dropped(ChannelSlot channel) { return std::exchange(channels_[channel.value].unwritten, 0); }

  /// Each second: calls gap(channel, lines) for each channel with dropped lines that no gap stands for, and
  /// notice(channel, lines, since) where a notice has become due. Forgets channels that have kept to their rate since,
  /// and senders.
  template <class Gap, class Notice>
  void end_second(SteadyTime now, Gap&& gap, Notice&& notice) {
    for (auto at = channels_.begin(); at != channels_.end();) {
      Dropped& dropped = at->second;
      dropped.gaps = 0;
      if (dropped.unwritten > 0) gap(ChannelSlot{at->first}, std::exchange(dropped.unwritten, 0));
      tell(ChannelSlot{at->first}, dropped, now, notice);
      at = is_over(dropped, now) ? channels_.erase(at) : std::next(at);
    }
    forget_senders(now);
  }

  std::uint64_t dropped() const { return dropped_; }
  std::size_t senders() const { return senders_.size(); }
  /// About how many bytes the channels and senders in here take.
  std::uint64_t memory() const;

 private:
  struct Rates {
    Rate lines;
    Rate bytes;

    bool limited() const { return lines.limited() || bytes.limited(); }
    bool allow(const Due& due, std::int64_t now) const {
      return lines.allows(due.line_at, now) && bytes.allows(due.byte_at, now);
    }
    void count(Due& due, std::size_t size, std::int64_t now) const {
      due.line_at = lines.after(due.line_at, now, 1);
      due.byte_at = bytes.after(due.byte_at, now, size);
    }
  };
  struct Dropped {
    std::uint64_t unwritten = 0;  // no gap stands for them yet
    unsigned gaps = 0;            // written at the ends of turns in this second
    std::uint64_t unreported = 0;
    WallTime since{};
    SteadyTime told_at{};
    bool told = false;
  };

  bool is_over(const Dropped& dropped, SteadyTime now) const {
    return dropped.unreported == 0 && now - dropped.told_at >= notice_interval_;
  }
  template <class Notice>
  void tell(ChannelSlot channel, Dropped& dropped, SteadyTime now, Notice& notice) {
    if (dropped.unreported == 0 || (dropped.told && now - dropped.told_at < notice_interval_)) return;
    dropped.told = true;
    dropped.told_at = now;
    notice(channel, std::exchange(dropped.unreported, 0), dropped.since);
  }
  void forget_senders(SteadyTime now);

  bool limited_ = false;
  Rates all_;     // of a channel
  Rates sender_;  // of one of its senders; no limit when a sender may use all of it
  Duration notice_interval_{};
  std::unordered_map<std::uint64_t, Due> senders_;       // by channel slot and sender
  std::size_t next_bucket_ = 0;                          // of senders_, where forget_senders() goes on
  std::unordered_map<std::uint32_t, Dropped> channels_;  // by slot
  std::vector<ChannelSlot> over_;                        // have dropped lines in this turn
  std::uint64_t dropped_ = 0;
};

}  // namespace sluice
