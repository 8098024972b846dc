#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "logplex/base/clock.hpp"
#include "logplex/base/units.hpp"

namespace sluice::drains {

/// Limits how often the drains of one shard may connect: each drain ten times a second after a burst of 20, and less
/// often if handshakes with its receiver cost much CPU. All drains of a channel together may connect as often as
/// drains.max_per_channel drains, so deleting and recreating a drain does not give it a new share. Changing a drain
/// does not either.
///
/// Keeps an entry for each drain and channel that connected lately, and forgets it when its share is full again. Used
/// on one shard.
class DialShares {
 public:
  struct Whose {
    std::uint64_t drain;
    std::string channel;  // empty: a global drain
  };

  /// Counts a connect and returns how long the drain must wait before it. None if that is longer than kLongestPause:
  /// then nothing is counted, and the drain has to try again later. `drains_per_channel` is drains.max_per_channel.
  std::optional<Duration> take(const Whose& whose, std::uint64_t drains_per_channel, SteadyTime now);
  /// Adds the CPU time that the handshake took, whether it failed or not.
  void add(const Whose& whose, Duration handshake, std::uint64_t drains_per_channel, SteadyTime now);
  static constexpr std::chrono::seconds kLongestPause{5};
  std::size_t size() const { return drains_.size() + channels_.size(); }

 private:
  void pay(const Whose& whose, Duration cost, std::uint64_t drains_per_channel, SteadyTime now);
  void forget_old(SteadyTime now);

  // Until when the share is used up; each connect moves the time on by its cost.
  std::unordered_map<std::uint64_t, SteadyTime> drains_;
  std::unordered_map<std::string, SteadyTime> channels_;
  std::size_t forget_at_ = 64;  // entries
};

}  // namespace sluice::drains
