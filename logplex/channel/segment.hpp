#pragma once

#include <cstddef>
#include <cstdint>

#include "logplex/base/slot.hpp"

namespace sluice {

/// A block of records of one channel, in order, back to back. Immutable once the channel has begun the next one.
///
///     +-----------------+--------+--------+-----+--------+----------+
///     | header, 64 bytes| record | record | ... | record |  unused  |
///     +-----------------+--------+--------+-----+--------+----------+
///                       ^ payload()              payload() + used ^
///
/// There is no index of lines: a reader keeps an offset, and a search walks the records. Lives on one shard, made by
/// SegmentPool; the reference count is not atomic. The channel holds one reference; code that must keep the bytes
/// beyond a call holds another (SegmentRef).
struct Segment {
  static constexpr std::uint8_t kFormat = 1;

  Seq first = 0;                   // number of the first line
  Seq end = 0;                     // one beyond the last
  std::uint64_t bytes_before = 0;  // size of all records appended before this segment
  std::int64_t oldest_us = 0;      // receive times: earliest and latest
  std::int64_t newest_us = 0;
  Segment* next = nullptr;
  std::uint32_t used = 0;
  std::uint32_t capacity = 0;
  std::uint32_t references = 1;
  std::uint8_t format = kFormat;
  std::uint8_t size_class = 0;
  bool has_gap = false;  // at least one record is a gap, which has a loss reason of its own
  std::uint8_t unused = 0;

  std::byte* payload() { return reinterpret_cast<std::byte*>(this + 1); }
  const std::byte* payload() const { return reinterpret_cast<const std::byte*>(this + 1); }
  std::uint32_t room() const { return capacity - used; }
  std::uint64_t lines() const { return end - first; }
};
static_assert(sizeof(Segment) == 64);

/// A reader's position: before the record at `offset`, whose number is `next`. Without a segment: at the start of the
/// channel's oldest one.
struct Place {
  Seq next = 0;
  Segment* segment = nullptr;
  std::uint32_t offset = 0;
};

}  // namespace sluice
