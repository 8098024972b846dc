#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "logplex/base/clock.hpp"
#include "logplex/base/units.hpp"

namespace sluice::drains {

/// How often the drains of one shard may connect: each ten times a second after a burst of 20, fewer when handshakes
/// with its receiver are dear. All drains of a channel together as often as drains.max_per_channel of them, so that a
/// drain that is deleted and made again has no new share. Changing a drain gives it none either.
///
/// Holds an entry for who connected lately, and forgets it when its share is whole again. One shard.
class DialShares {
 public:
  struct Whose {
    std::uint64_t drain;
    std::string channel;  // empty: a global drain
  };

  /// The drain is about to connect; how long it must wait before. None when that is more than kLongestPause: then it is
  /// not counted, and has to try later. `drains_per_channel`: see above.
  std::optional<Duration> take(const Whose& whose, std::uint64_t drains_per_channel, SteadyTime now);
  /// What the handshake took of a processor, whether it failed or not.
  void add(const Whose& whose, Duration handshake, std::uint64_t drains_per_channel, SteadyTime now);
  static constexpr std::chrono::seconds kLongestPause{5};
  std::size_t size() const { return drains_.size() + channels_.size(); }

 private:
  void pay(const Whose& whose, Duration cost, std::uint64_t drains_per_channel, SteadyTime now);
  void forget_old(SteadyTime now);

  // Until when what was used is paid for; each connect moves it on by what it costs.
  std::unordered_map<std::uint64_t, SteadyTime> drains_;
  std::unordered_map<std::string, SteadyTime> channels_;
  std::size_t forget_at_ = 64;  // entries
};

}  // namespace sluice::drains
