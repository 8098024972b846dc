#pragma once

#include <array>
#include <cstdint>

#include "logplex/base/clock.hpp"
#include "logplex/base/slot.hpp"
#include "logplex/wire/record.hpp"

namespace sluice {

/// Lines that a reader has lost: how many for each reason, which line was the first, and when it was lost.
struct Losses {
  static constexpr std::size_t kReasons = 8;  // indexed by LossReason, which starts at 1

  std::array<std::uint64_t, kReasons> by_reason{};
  ChannelSlot first_channel;
  Seq first_seq = 0;
  WallTime since{};

  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const auto lines : by_reason) sum += lines;
    return sum;
  }
  std::uint64_t count(LossReason reason) const { return by_reason[static_cast<std::size_t>(reason)]; }
  bool empty() const { return total() == 0; }

  void add(LossReason reason, std::uint64_t lines, ChannelSlot channel, Seq first, WallTime now) {
    if (lines == 0) return;
    if (empty()) {
      first_channel = channel;
      first_seq = first;
      since = now;
    }
    by_reason[static_cast<std::size_t>(reason) % kReasons] += lines;
  }
};

}  // namespace sluice
