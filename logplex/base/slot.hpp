#pragma once

#include <compare>
#include <cstdint>

namespace sluice {

/// The dense number of a channel, app or backend in this process; never reused while the process runs.
template <class Tag>
struct Slot {
  std::uint32_t value = kNone;
  static constexpr std::uint32_t kNone = 0xffffffff;

  constexpr bool valid() const { return value != kNone; }
  friend constexpr auto operator<=>(Slot, Slot) = default;
};

using ChannelSlot = Slot<struct ChannelTag>;
using AppSlot = Slot<struct AppTag>;
using BackendSlot = Slot<struct BackendTag>;

/// The sequence number of a line in its channel: epoch << 40 | n. No number is skipped within an epoch. The epoch is
/// new at every start; after an orderly stop n goes on.
using Seq = std::uint64_t;
constexpr unsigned kEpochShift = 40;

constexpr std::uint64_t epoch_of(Seq seq) { return seq >> kEpochShift; }
/// The n of a number.
constexpr std::uint64_t count_of(Seq seq) { return seq & ((Seq{1} << kEpochShift) - 1); }
/// How many lines are from `first` to before `end`, also over restarts at which n went on.
constexpr std::uint64_t lines_between(Seq first, Seq end) { return count_of(end - first); }

}  // namespace sluice
