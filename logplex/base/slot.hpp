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

/// The sequence number of a line in its channel: epoch << 40 | n. No number is skipped within an epoch.
using Seq = std::uint64_t;
constexpr unsigned kEpochShift = 40;

}  // namespace sluice
