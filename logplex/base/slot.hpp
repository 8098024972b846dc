#pragma once

#include <compare>
#include <cstdint>

namespace sluice {

/// A channel's, app's or backend's dense number in this process; given out once, never reused while it runs.
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

/// A line's number in its channel: epoch << 40 | n. Without holes within an epoch.
using Seq = std::uint64_t;
constexpr unsigned kEpochShift = 40;

}  // namespace sluice
