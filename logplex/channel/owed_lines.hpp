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

/// Where a drain resumes in a channel after a restart.
struct OwedCursor {
  Uuid drain;                    // its token; a drain id may mean another drain in a new store
  Seq next = 0;                  // the first number not confirmed
  std::uint64_t unreported = 0;  // lines lost before; no L10 has reported them to the receiver yet
  WallTime unreported_since{};

  friend bool operator==(const OwedCursor&, const OwedCursor&) = default;
};

/// Where a drain resumes in one open channel of this process.
struct OwedPlace {
  ChannelSlot channel;
  Seq next = 0;
};

/// The last lines of one channel, from the first that some drain's receiver has not confirmed, and the cursors of these
/// drains. An orderly stop writes them into a file (owed_file.hpp) and the next start reads it.
struct OwedLines {
  std::string channel;
  Seq first = 0;
  std::uint64_t lines = 0;  // sequence numbers, including those of gaps
  std::vector<OwedCursor> cursors;
  std::vector<std::span<const std::byte>> records;  // whole records, in order: in `bytes`, or in the channel's segments
  std::unique_ptr<std::byte[]> bytes;

  Seq end() const { return first + lines; }
  std::uint64_t record_bytes() const;
};

/// The channel's lines from `from` on, without a copy: valid until the channel is written to or closed. Lines no longer
/// held become a gap with reason "shutdown". Empty when the channel is not open on this shard.
OwedLines owed_lines(const FabricShard& fabric, ChannelSlot channel, std::string_view id, Seq from);

/// Puts owed lines back into their channels with their old sequence numbers. While this object lives, the lines are not
/// trimmed as unneeded history, so that their drains can attach. If they exceed the byte budget, the largest channels
/// lose their oldest lines.
///
/// Create, use and destroy it in one turn of the shard; nobody else may append meanwhile.
class Restoring {
 public:
  explicit Restoring(FabricShard& fabric);
  Restoring(const Restoring&) = delete;
  Restoring& operator=(const Restoring&) = delete;
  ~Restoring();

  /// False when the channel is not open on this shard, or has already given out sequence numbers in this run.
  bool restore(ChannelSlot channel, const OwedLines& owed);

 private:
  FabricShard& fabric_;
};

}  // namespace sluice
