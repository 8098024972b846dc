#include "router/sockets/block_pool.hpp"

#include <cstdint>
#include <new>

#include "logplex/base/bytes/aligned_pages.hpp"
#include "logplex/base/check.hpp"

namespace sluice::router {
namespace {

constexpr std::size_t kBlockSize = 16 << 10;
constexpr std::size_t kSlotAlignment = 16;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kFromHeap = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kFromHeap = true;
#else
constexpr bool kFromHeap = false;
#endif
#else
constexpr bool kFromHeap = false;
#endif

constexpr std::size_t aligned(std::size_t size) {
  return (size + kSlotAlignment - 1) / kSlotAlignment * kSlotAlignment;
}

}  // namespace

BlockPool::BlockPool(std::size_t object_size) : slot_size_(aligned(object_size)) {
  SLUICE_CHECK(slot_size_ <= kBlockSize / 4);
}

BlockPool::~BlockPool() {
  for (Blocks* blocks : {&with_room_, &full_}) {
    while (!blocks->empty()) {
      Block& block = blocks->front();
      blocks->pop_front();
      block.pool = nullptr;
      if (block.used == 0) remove(block);
    }
  }
}

void BlockPool::remove(Block& block) {
  block.~Block();
  unmap_pages(&block, kBlockSize);
}

BlockPool::Block& BlockPool::add_block() {
  char* const memory = static_cast<char*>(map_aligned_pages(kBlockSize));
  Block& block = *new (memory) Block;
  block.pool = this;
  for (std::size_t at = aligned(sizeof(Block)); at + slot_size_ <= kBlockSize; at += slot_size_)
    block.free = new (memory + at) Slot{block.free};
  with_room_.push_front(block);
  return block;
}

void* BlockPool::take() {
  if constexpr (kFromHeap) return ::operator new(slot_size_);
  Block& block = with_room_.empty() ? add_block() : with_room_.front();
  Slot* const slot = block.free;
  block.free = slot->next;
  ++block.used;
  if (block.free == nullptr) {
    with_room_.pop_front();
    full_.push_front(block);
  }
  return slot;
}

void BlockPool::give_back(void* object) {
  if constexpr (kFromHeap) return ::operator delete(object);
  const std::uintptr_t offset = reinterpret_cast<std::uintptr_t>(object) % kBlockSize;
  Block& block = *reinterpret_cast<Block*>(static_cast<std::byte*>(object) - offset);
  const bool was_full = block.free == nullptr;
  block.free = new (object) Slot{block.free};
  --block.used;
  if (block.pool == nullptr) {
    if (block.used == 0) remove(block);
    return;
  }
  if (was_full) {
    block.pool->full_.erase(Blocks::s_iterator_to(block));
    block.pool->with_room_.push_front(block);
  }
  if (block.used == 0) block.pool->on_given_back(block);
}

/// Keeps an empty block only when no other block has room.
void BlockPool::on_given_back(Block& block) {
  if (with_room_.size() == 1) return;
  with_room_.erase(Blocks::s_iterator_to(block));
  remove(block);
}

}  // namespace sluice::router
