#include "logplex/channel/owed_lines.hpp"

#include <algorithm>

namespace sluice {

std::uint64_t OwedLines::record_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& piece : records) sum += piece.size();
  return sum;
}

namespace {

/// Puts a gap record for lines that are no longer held before the records that are.
void put_gap_first(OwedLines& owed, std::uint64_t lines, WallTime now) {
  owed.bytes = std::make_unique<std::byte[]>(kGapRecordSize);
  encode_gap(lines, LossReason::kShutdown, now, owed.bytes.get());
  owed.records.insert(owed.records.begin(), std::span(owed.bytes.get(), kGapRecordSize));
}

}  // namespace

OwedLines owed_lines(const FabricShard& fabric, ChannelSlot slot, std::string_view id, Seq from) {
  OwedLines owed;
  const auto found = fabric.find(slot);
  if (!found) return owed;
  const ChannelLog& channel = **found;
  owed.channel = id;
  owed.first = std::clamp(from, channel.start, channel.next);
  owed.lines = channel.next - owed.first;
  const Seq held = std::max(owed.first, channel.first_held());
  owed.records = fabric.log_.records_from(channel, held);
  if (held > owed.first) put_gap_first(owed, held - owed.first, fabric.shard().wall_now());
  return owed;
}

Restoring::Restoring(FabricShard& fabric) : fabric_(fabric) { fabric_.log_.begin_restoring(); }

Restoring::~Restoring() { fabric_.log_.end_restoring(); }

bool Restoring::restore(ChannelSlot slot, const OwedLines& owed) {
  const auto found = fabric_.find(slot);
  if (!found || !fabric_.log_.restore(**found, owed.first, owed.records)) return false;
  fabric_.restored_ += owed.lines;
  return true;
}

}  // namespace sluice
