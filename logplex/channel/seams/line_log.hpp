#pragma once

#include <cstdint>

#include "logplex/base/result.hpp"
#include "logplex/runtime/task.hpp"

namespace sluice {

/// How safe lines are. A later level includes those before it.
enum class Ack : std::uint8_t {
  kMemory,  // in the memory of their owner: a read sees them; a crash loses them
  kDisk,    // on this node's disk: a crash of the process does not lose them
  kKafka,   // in Kafka: the loss of the node does not lose them
};

/// Where lines are besides memory. One per process, owned by Fabric; every shard asks it, so an implementation makes
/// itself safe for that. It never blocks a shard. What it fails to do is a level that is not reached, not an error.
///
/// A channel's lines reach it through their owner, which numbers them: see FabricShard::append().
class LineLog {
 public:
  virtual ~LineLog() = default;
  /// Waits until everything that is in the channels now is as safe as asked for, or until that cannot be reached.
  /// Returns the level that was reached: if it is lower, the caller must not promise more. Error: operation_canceled.
  virtual Task<result<Ack>> settled(Ack wanted) = 0;
};

/// Lines are in memory only.
class NoLog final : public LineLog {
 public:
  Task<result<Ack>> settled(Ack) override { co_return Ack::kMemory; }
};

}  // namespace sluice
