#include "drains/kinds/dial_shares.hpp"

#include <algorithm>

namespace sluice::drains {
namespace {

constexpr std::chrono::milliseconds kDialCost{100};
constexpr std::chrono::seconds kBurst{2};
/// A drain may spend 1/kHandshakeShare of its time on the CPU work of handshakes.
constexpr int kHandshakeShare = 50;
constexpr std::chrono::seconds kMostDialCost{5};

template <class Shares, class Key>
Duration pause_of(const Shares& shares, const Key& key, SteadyTime now) {
  const auto paid_until = shares.find(key);
  return paid_until == shares.end() ? Duration::zero() : paid_until->second - kBurst - now;
}

void move_on(SteadyTime& paid_until, Duration cost, SteadyTime now) { paid_until = std::max(paid_until, now) + cost; }

}  // namespace

/// Counts the connect before the pause, so that drains that wait at the same time are spaced out.
std::optional<Duration> DialShares::take(const Whose& whose, std::uint64_t drains_per_channel, SteadyTime now) {
  const Duration own = pause_of(drains_, whose.drain, now);
  const Duration channel = whose.channel.empty() ? Duration::zero() : pause_of(channels_, whose.channel, now);
  const Duration pause = std::max({own, channel, Duration::zero()});
  if (pause > kLongestPause) return std::nullopt;
  pay(whose, kDialCost, drains_per_channel, now);
  return pause;
}

void DialShares::add(const Whose& whose, Duration handshake, std::uint64_t drains_per_channel, SteadyTime now) {
  const Duration cost = std::clamp<Duration>(handshake * kHandshakeShare, kDialCost, kMostDialCost);
  if (cost > kDialCost) pay(whose, cost - kDialCost, drains_per_channel, now);
}

void DialShares::pay(const Whose& whose, Duration cost, std::uint64_t drains_per_channel, SteadyTime now) {
  move_on(drains_[whose.drain], cost, now);
  if (!whose.channel.empty()) {
    const auto drains = static_cast<Duration::rep>(std::max<std::uint64_t>(drains_per_channel, 1));
    move_on(channels_[whose.channel], cost / drains, now);
  }
  if (size() >= forget_at_) forget_old(now);
}

/// Because forget_at_ doubles with the size, each entry is visited about twice in its life.
void DialShares::forget_old(SteadyTime now) {
  const auto is_whole = [now](const auto& entry) { return entry.second <= now; };
  std::erase_if(drains_, is_whole);
  std::erase_if(channels_, is_whole);
  forget_at_ = std::max<std::size_t>(64, 2 * size());
}

}  // namespace sluice::drains
