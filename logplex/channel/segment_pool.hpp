#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "logplex/channel/segment.hpp"

namespace sluice {

/// Allocates segments from slabs of 1 MiB. Each slab is cut into segments of one size. Free segments are reused last
/// in, first out, because the first touch of fresh memory is the largest single cost of a line (0.05-0.1 us,
/// 2026-11-22). Segments lie an odd number of cache lines apart: at strides of exactly 64 KiB their ends would fall
/// into the same cache sets.
///
/// One per shard. It has no limit of its own: the owner evicts segments to stay within its budget. The pool returns a
/// slab without live segments to the system while more than the reserve is unused. Out of memory is a broken invariant.
class SegmentPool {
 public:
  static constexpr std::array<std::uint32_t, 4> kSizes{512, 4096, 16384, 65536};  // header included
  static constexpr std::uint8_t kOversize = 4;  // for one record that fits in none of these

  SegmentPool() = default;
  SegmentPool(const SegmentPool&) = delete;
  SegmentPool& operator=(const SegmentPool&) = delete;
  ~SegmentPool();

  /// The size for a channel's next segment: about an eighth of what the channel holds once it is large, a quarter to a
  /// half while it grows, and large enough for the record.
  static std::uint8_t class_for(std::uint64_t held_bytes, std::size_t record_size);
  /// Memory that a segment takes, header and spacing included.
  static std::uint64_t footprint(std::uint8_t size_class, std::size_t record_size);
  static std::uint64_t footprint(const Segment& segment);

  /// A segment with one reference and room for the record.
  Segment* acquire(std::uint8_t size_class, std::size_t record_size);
  void add_reference(Segment& segment) { ++segment.references; }
  /// Gives one reference back; the last one frees the segment.
  void release(Segment& segment);

  std::uint64_t used_bytes() const { return used_bytes_; }
  std::uint64_t mapped_bytes() const { return mapped_bytes_; }
  /// How much unused memory the pool may keep for reuse.
  void set_reserve(std::uint64_t bytes) { reserve_bytes_ = bytes; }

 private:
  struct Slab;

  static Slab* slab_of(Segment& segment);
  Slab* map_slab(std::uint8_t size_class);
  void unmap_slab(Slab& slab);
  void link_front(Slab& slab);
  void link_back(Slab& slab);
  void unlink(Slab& slab);
  Segment* cut(Slab& slab);
  void recycle(Segment& segment);

  std::array<Slab*, kSizes.size()> with_room_{};  // rings of slabs that have a free segment
  std::vector<Slab*> slabs_;
  std::vector<Segment*> oversized_;
  std::uint64_t used_bytes_ = 0;
  std::uint64_t mapped_bytes_ = 0;
  std::uint64_t reserve_bytes_ = 4 << 20;
};

/// Keeps a segment's bytes alive, even after the channel has evicted the segment.
class SegmentRef {
 public:
  SegmentRef() = default;
  SegmentRef(SegmentPool& pool, Segment& segment) : pool_(&pool), segment_(&segment) { pool.add_reference(segment); }
  SegmentRef(SegmentRef&& other) noexcept : pool_(other.pool_), segment_(std::exchange(other.segment_, nullptr)) {}
  SegmentRef& operator=(SegmentRef&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(segment_, other.segment_);
    return *this;
  }
  ~SegmentRef() {
    if (segment_ != nullptr) pool_->release(*segment_);
  }

 private:
  SegmentPool* pool_ = nullptr;
  Segment* segment_ = nullptr;
};

}  // namespace sluice
