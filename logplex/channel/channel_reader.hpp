#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "logplex/base/result.hpp"
#include "logplex/base/slot.hpp"
#include "logplex/channel/subscription.hpp"

namespace sluice {

/// Where a reader goes on that kept a position in a channel, perhaps in an earlier run.
struct ResumedAt {
  Seq next = 0;
  std::uint64_t lost = 0;  // lines in between that ended with an earlier run
};

/// Reads the lines of one channel in order, wherever they are: in memory, on a disk, on another node. It retains none:
/// lines that the channel drops before they were taken are reported to the visitor as lost.
///
/// Lines may be pending but not ready, because they have to be fetched first. So a reader of many lines takes what is
/// ready, and goes on when it is told that more is: it never loops until nothing is pending.
///
///     take() ... has_ready() is false, has_pending() is true ... on_ready() ... take()
///
/// Lives on one shard.
class ChannelReader {
 public:
  /// Called at the end of a turn, on the reader's shard. May take, seek, and destroy the reader.
  class Observer {
   public:
    /// Lines are ready. Not called again before the next take().
    virtual void on_ready() = 0;
    /// The channel was deleted or has another owner: the reader is no longer open.
    virtual void on_closed() = 0;

   protected:
    ~Observer() = default;
  };

  virtual ~ChannelReader() = default;
  /// Begins at the channel's end. Error: a FabricError.
  virtual result<void> open(ChannelSlot channel) = 0;
  virtual bool is_open() const = 0;

  // While open:
  virtual void seek(Seq next) = 0;
  /// None when nobody can tell where a reader of this position goes on. Moves nothing.
  virtual std::optional<ResumedAt> resume(Seq kept) const = 0;
  /// The next number wanted.
  virtual Seq position() const = 0;
  /// The number that the channel's next line will have.
  virtual Seq end() const = 0;
  /// The oldest line of the channel's history; end() when there is none.
  virtual Seq history_start() const = 0;

  /// Visits lines that are ready until the visitor stops or none is ready.
  virtual void take(LineVisitor& visitor) = 0;
  /// Lines have not been taken. False when not open.
  virtual bool has_pending() const = 0;
  /// Some of them can be taken now.
  virtual bool has_ready() const = 0;
};

/// Makes a reader on the shard that owns the channel. Both arguments must outlive it.
using MakeReader =
    std::function<std::unique_ptr<ChannelReader>(FabricShard& fabric, ChannelReader::Observer& observer)>;

/// Reads from the memory of the shard that owns the channel: what is pending is ready.
std::unique_ptr<ChannelReader> read_from_memory(FabricShard& fabric, ChannelReader::Observer& observer);

}  // namespace sluice
