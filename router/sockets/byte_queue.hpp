#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>

#include "logplex/runtime/memory_account.hpp"
#include "router/http1/scan.hpp"

namespace sluice::router {

/// Who is charged for the memory of a ByteQueue: see MemoryAccount.
struct MemoryOwner {
  Shard& shard;
  MemoryClass of;
  MemoryHolder& holder;
};

/// Bytes that could not be passed on yet, contiguous and followed by the parsers' slack. It owns memory only while it
/// holds bytes, so idle connections cost nothing; the memory is charged to the given MemoryOwner. Its users bound it:
/// they stop reading while it is not empty.
class ByteQueue {
 public:
  bool empty() const { return memory_ == nullptr; }
  std::size_t size() const { return empty() ? 0 : store().end - store().begin; }
  char* data() { return empty() ? nullptr : bytes() + store().begin; }
  std::string_view view() { return {data(), size()}; }

  void append(std::string_view more, const MemoryOwner& owner) {
    if (more.empty()) return;
    make_room(more.size(), owner);
    std::memcpy(bytes() + store().end, more.data(), more.size());
    store().end += more.size();
  }
  void consume(std::size_t count) {
    if (count == size()) return clear();
    store().begin += count;
  }
  void clear() { memory_.reset(); }
  /// True when the queue holds bytes and its memory class is over its limit: reading should wait until the holders that
  /// were told to give up memory have done so.
  bool should_wait() const { return !empty() && store().charge.class_is_full() && !store().charge.told(); }

 private:
  /// Stored in front of the bytes, so that an empty queue is a single pointer: every idle connection has two queues.
  struct Store {
    MemoryCharge charge;
    std::size_t begin;
    std::size_t end;
    std::size_t capacity;
  };
  struct Free {
    void operator()(char* memory) const {
      std::launder(reinterpret_cast<Store*>(memory))->~Store();
      delete[] memory;
    }
  };
  static constexpr std::size_t kSmallest = 4096;

  Store& store() { return *std::launder(reinterpret_cast<Store*>(memory_.get())); }
  const Store& store() const { return *std::launder(reinterpret_cast<const Store*>(memory_.get())); }
  char* bytes() { return memory_.get() + sizeof(Store); }

  void make_room(std::size_t more, const MemoryOwner& owner) {
    if (!empty() && store().capacity - store().end >= more) return;
    const std::string_view held = view();
    std::size_t capacity = kSmallest;
    while (capacity < held.size() + more) capacity *= 2;
    const std::size_t size = sizeof(Store) + capacity + http1::kSlack;
    char* const larger = new char[size];
    Store* const store =
        new (larger) Store{MemoryCharge(owner.shard, owner.of, owner.holder), 0, held.size(), capacity};
    if (!held.empty()) std::memcpy(larger + sizeof(Store), held.data(), held.size());
    memory_.reset(larger);
    store->charge.set(size);
  }

  std::unique_ptr<char[], Free> memory_;
};

}  // namespace sluice::router
