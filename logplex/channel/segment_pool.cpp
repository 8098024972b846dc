#include "logplex/channel/segment_pool.hpp"

#include <algorithm>
#include <new>

#include "logplex/base/bytes/aligned_pages.hpp"
#include "logplex/base/check.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) static_cast<void>(0)
#define ASAN_UNPOISON_MEMORY_REGION(at, size) static_cast<void>(0)
#endif

namespace sluice {
namespace {

/// Slabs use small pages. Huge pages (MADV_HUGEPAGE) made a message to one receiver 12 % cheaper where the machine had
/// them ready, and 40 % dearer in a virtual machine that had given its free memory back to its host (2026-11-23).
constexpr std::size_t kSlabSize = std::size_t{1} << 20;
constexpr std::size_t kLine = 64;

/// An odd number of cache lines for all but the smallest, which lie back to back.
constexpr std::array<std::size_t, SegmentPool::kSizes.size()> kStrides{512, 4096 + kLine, 16384 + 5 * kLine,
                                                                       65536 + 5 * kLine};

}  // namespace

/// The header at the start of a slab. A slab is 1 MiB and aligned to its size.
struct SegmentPool::Slab {
  Slab* next = nullptr;  // ring of slabs with room; nullptr = in none
  Slab* prev = nullptr;
  Segment* free = nullptr;  // list of segments used before, whose memory is warm
  std::size_t cut_at = 0;   // memory from here on was never touched
  std::uint32_t live = 0;
  std::uint8_t size_class = 0;

  std::size_t stride() const { return kStrides[size_class]; }
  bool can_cut() const { return cut_at + stride() <= kSlabSize; }
  bool has_room() const { return free != nullptr || can_cut(); }
};

SegmentPool::~SegmentPool() {
  for (Slab* slab : slabs_) {
    ASAN_UNPOISON_MEMORY_REGION(slab, kSlabSize);
    unmap_pages(slab, kSlabSize);
  }
  for (Segment* segment : oversized_) ::operator delete (segment, std::align_val_t{kLine});
}

std::uint8_t SegmentPool::class_for(std::uint64_t held_bytes, std::size_t record_size) {
  constexpr std::array<std::uint64_t, kSizes.size()> kHeldAtLeast{0, 2 << 10, 48 << 10, 512 << 10};
  std::uint8_t size_class = 0;
  while (size_class + 1u < kSizes.size() && held_bytes >= kHeldAtLeast[size_class + 1u]) ++size_class;
  while (size_class < kSizes.size() && kSizes[size_class] - sizeof(Segment) < record_size) ++size_class;
  return size_class;
}

std::uint64_t SegmentPool::footprint(std::uint8_t size_class, std::size_t record_size) {
  return size_class == kOversize ? sizeof(Segment) + record_size : kStrides[size_class];
}

std::uint64_t SegmentPool::footprint(const Segment& segment) { return footprint(segment.size_class, segment.capacity); }

Segment* SegmentPool::acquire(std::uint8_t size_class, std::size_t record_size) {
  void* at = nullptr;
  std::uint32_t capacity = 0;
  if (size_class == kOversize) {
    capacity = static_cast<std::uint32_t>(record_size);
    at = ::operator new (sizeof(Segment) + record_size, std::align_val_t{kLine});
    oversized_.push_back(static_cast<Segment*>(at));
    mapped_bytes_ += sizeof(Segment) + record_size;
  } else {
    Slab* slab = with_room_[size_class];
    if (slab == nullptr) slab = map_slab(size_class);
    at = cut(*slab);
    capacity = kSizes[size_class] - static_cast<std::uint32_t>(sizeof(Segment));
  }
  auto* segment = new (at) Segment;
  segment->size_class = size_class;
  segment->capacity = capacity;
  used_bytes_ += footprint(*segment);
  return segment;
}

void SegmentPool::release(Segment& segment) {
  SLUICE_DCHECK(segment.references > 0);
  if (--segment.references != 0) return;
  used_bytes_ -= footprint(segment);
  if (segment.size_class != kOversize) return recycle(segment);
  mapped_bytes_ -= footprint(segment);
  std::erase(oversized_, &segment);
  ::operator delete (&segment, std::align_val_t{kLine});
}

/// Prefers warm memory: a slab that has only untouched memory left moves to the back of the ring.
Segment* SegmentPool::cut(Slab& slab) {
  ++slab.live;
  Segment* segment = slab.free;
  if (segment != nullptr) {
    ASAN_UNPOISON_MEMORY_REGION(segment, slab.stride());
    slab.free = segment->next;
  } else {
    segment = reinterpret_cast<Segment*>(reinterpret_cast<std::byte*>(&slab) + slab.cut_at);
    slab.cut_at += slab.stride();
  }
  if (!slab.has_room()) {
    unlink(slab);
  } else if (slab.free == nullptr) {
    unlink(slab);
    link_back(slab);
  }
  return segment;
}

void SegmentPool::recycle(Segment& segment) {
  Slab& slab = *slab_of(segment);
  if (slab.has_room()) unlink(slab);
  segment.next = slab.free;
  slab.free = &segment;
  ASAN_POISON_MEMORY_REGION(&segment, slab.stride());
  link_front(slab);
  --slab.live;
  if (slab.live == 0 && mapped_bytes_ - used_bytes_ > reserve_bytes_ + kSlabSize) unmap_slab(slab);
}

SegmentPool::Slab* SegmentPool::slab_of(Segment& segment) {
  const std::uintptr_t offset = reinterpret_cast<std::uintptr_t>(&segment) & (kSlabSize - 1);
  return reinterpret_cast<Slab*>(reinterpret_cast<std::byte*>(&segment) - offset);
}

SegmentPool::Slab* SegmentPool::map_slab(std::uint8_t size_class) {
  auto* slab = new (map_aligned_pages(kSlabSize)) Slab;
  slab->size_class = size_class;
  // The first segments of different slabs start in different cache sets too.
  slab->cut_at = kLine * (2 + 7 * (slabs_.size() % 8));
  slabs_.push_back(slab);
  mapped_bytes_ += kSlabSize;
  link_front(*slab);
  return slab;
}

void SegmentPool::unmap_slab(Slab& slab) {
  unlink(slab);
  std::erase(slabs_, &slab);
  mapped_bytes_ -= kSlabSize;
  ASAN_UNPOISON_MEMORY_REGION(&slab, kSlabSize);
  unmap_pages(&slab, kSlabSize);
}

void SegmentPool::link_back(Slab& slab) {
  Slab*& head = with_room_[slab.size_class];
  if (head == nullptr) {
    slab.next = slab.prev = &slab;
    head = &slab;
    return;
  }
  slab.next = head;
  slab.prev = head->prev;
  slab.prev->next = &slab;
  head->prev = &slab;
}

void SegmentPool::link_front(Slab& slab) {
  link_back(slab);
  with_room_[slab.size_class] = &slab;
}

void SegmentPool::unlink(Slab& slab) {
  Slab*& head = with_room_[slab.size_class];
  if (slab.next == &slab) {
    head = nullptr;
  } else {
    slab.prev->next = slab.next;
    slab.next->prev = slab.prev;
    if (head == &slab) head = slab.next;
  }
  slab.next = slab.prev = nullptr;
}

}  // namespace sluice
