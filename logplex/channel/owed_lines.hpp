#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "logplex/base/clock.hpp"
#include "logplex/base/slot.hpp"
#include "logplex/base/uuid.hpp"
#include "logplex/channel/fabric.hpp"

namespace sluice {

/// Where a drain goes on after a restart.
struct OwedCursor {
  Uuid drain;                    // its token: ids begin anew when a store does
  Seq next = 0;                  // the first number not confirmed
  std::uint64_t unreported = 0;  // lines lost before, which no L10 has reported to its receiver yet
  WallTime unreported_since{};

  friend bool operator==(const OwedCursor&, const OwedCursor&) = default;
};

/// Where a drain goes on in one channel of this process.
struct OwedPlace {
  ChannelSlot channel;
  Seq next = 0;
};

/// The end of one channel, from the first number that a drain is still owed, and which drains that are: what an orderly
/// stop writes into a file (owed_file.hpp) and the next start reads.
struct OwedLines {
  std::string channel;
  Seq first = 0;
  std::uint64_t lines = 0;  // numbers; those of gaps included
  std::vector<OwedCursor> cursors;
  std::vector<std::span<const std::byte>> records;  // whole records, in order: in `bytes`, or in the channel's segments
  std::unique_ptr<std::byte[]> bytes;

  Seq end() const { return first + lines; }
  std::uint64_t record_bytes() const;
};

/// The channel's lines from `from` on. They stay where they lie: valid until the channel is written to or closed. What
/// is not held any more becomes a gap of reason "shutdown". No lines when the channel is not open on this shard.
OwedLines owed_lines(const FabricShard& fabric, ChannelSlot channel, std::string_view id, Seq from);

/// Puts owed lines back into their channels, which go on with the numbers that they had. While it lives nothing of them
/// is trimmed as history that nobody needs, so that their drains can attach; when the byte budget is smaller than they
/// are, the oldest lines of the largest channels go.
///
/// In one turn of the shard; nobody else may append meanwhile.
class Restoring {
 public:
  explicit Restoring(FabricShard& fabric);
  Restoring(const Restoring&) = delete;
  Restoring& operator=(const Restoring&) = delete;
  ~Restoring();

  /// False when the channel is not open on this shard, or has given out numbers of this epoch already.
  bool restore(ChannelSlot channel, const OwedLines& owed);

 private:
  FabricShard& fabric_;
};

}  // namespace sluice
