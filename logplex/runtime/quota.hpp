#pragma once

#include <atomic>
#include <cstdint>

namespace sluice {

/// A hard limit that all shards share, such as the connections of a listener: an atomic semaphore, so that the limit is
/// exact. Any thread. When the quota is used up, try_take() refuses and the caller tells its peer.
class SharedQuota {
 public:
  explicit SharedQuota(std::uint64_t limit) : free_(static_cast<std::int64_t>(limit)) {}

  bool try_take(std::int64_t amount = 1) {
    if (free_.fetch_sub(amount, std::memory_order_relaxed) >= amount) return true;
    free_.fetch_add(amount, std::memory_order_relaxed);
    return false;
  }
  /// Sequentially consistent, as give_back() is, so that a caller that waits for a free place misses none.
  bool is_used_up() const { return free_.load() <= 0; }
  void give_back(std::int64_t amount = 1) { free_.fetch_add(amount); }

 private:
  std::atomic<std::int64_t> free_;
};

}  // namespace sluice
