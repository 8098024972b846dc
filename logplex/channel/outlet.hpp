#pragma once

#include "logplex/base/slot.hpp"
#include "logplex/wire/line.hpp"

namespace sluice {

/// Where a line goes once it is known whose it is: the router, ingress and tests write to this and know nothing about
/// where a channel lives. Today it is the local fabric; later it may be a forwarder to another node.
///
/// One per shard, used on that shard only. Never waits, never fails and copies the line before it returns. What does
/// not fit is counted and stands in the channel as a gap record that consumes the lines' sequence numbers.
class LineOutlet {
 public:
  virtual ~LineOutlet() = default;
  virtual void append(ChannelSlot channel, const LineView& line) = 0;
};

}  // namespace sluice
