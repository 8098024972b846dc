#pragma once

#include "logplex/base/slot.hpp"
#include "logplex/wire/line.hpp"

namespace sluice {

/// Takes lines whose channel is known. The router, ingress and tests write to it and need not know where a channel
/// lives. Today it is the local fabric; later it may be a forwarder to another node.
///
/// One per shard, used on that shard only. append() never waits, never fails and copies the line before it returns.
/// Lines that do not fit are dropped and counted; a gap record in the channel consumes their sequence numbers.
class LineOutlet {
 public:
  virtual ~LineOutlet() = default;
  virtual void append(ChannelSlot channel, const LineView& line) = 0;
};

}  // namespace sluice
