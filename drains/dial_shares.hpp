#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "logplex/base/clock.hpp"
#include "logplex/base/units.hpp"

namespace sluice {

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

  /// How long this drain must wait before its next connect.
  Duration pause(const Whose& whose, SteadyTime now) const;
  /// It has connected; `handshake`: its time of a processor. `drains_per_channel`: see above.
  void count(const Whose& whose, Duration handshake, std::uint64_t drains_per_channel, SteadyTime now);
  std::size_t size() const { return drains_.size() + channels_.size(); }

 private:
  void forget_old(SteadyTime now);

  // Until when what was used is paid for; each connect moves it on by what it costs.
  std::unordered_map<std::uint64_t, SteadyTime> drains_;
  std::unordered_map<std::string, SteadyTime> channels_;
  std::size_t forget_at_ = 64;  // entries
};

}  // namespace sluice
