#pragma once

#include <cstdint>
#include <vector>

#include "logplex/channel/owed_lines.hpp"

namespace sluice::drains {

class DeliveryAccount;
class FrameQueue;

/// What a drain is owed after a stop: where it continues in each channel, and losses that no L10 line has reported yet.
struct DrainOwed {
  std::vector<OwedPlace> places;
  std::uint64_t unreported = 0;
  WallTime unreported_since{};
  std::uint64_t lost = 0;  // lines that memory no longer holds
};

/// What a drain is owed that has these unconfirmed frames and stands at this place in its channels. A frame under way
/// counts as unconfirmed, so the receiver may get its lines twice. Call it once the drain has stopped.
DrainOwed owed_to(bool global, const FrameQueue& frames, const Subscription& place, const DeliveryAccount& account,
                  const FabricShard& fabric);

}  // namespace sluice::drains
