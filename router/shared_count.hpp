#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "logplex/base/slot.hpp"

namespace sluice::router {

/// A count over all shards, such as requests under way. Any thread.
class SharedCount {
 public:
  /// Adds one, unless the count is `most` already. Exact: other threads never see a refused attempt.
  bool try_take(std::uint64_t most) {
    std::uint64_t now = count();
    while (now < most)
      if (count_.compare_exchange_weak(now, now + 1, std::memory_order_relaxed)) return true;
    return false;
  }
  void add(std::uint64_t more) { count_.fetch_add(more, std::memory_order_relaxed); }
  void give_back(std::uint64_t taken = 1) { count_.fetch_sub(taken, std::memory_order_relaxed); }
  std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> count_{0};
};

/// The counts of one kind of thing, such as backends, that all shards share. A shard finds a count by slot when the
/// configuration changes and then uses it without a lock. A count is deleted when nobody holds it. Any thread; one per
/// process.
template <class Slot>
class SharedCounts {
 public:
  std::shared_ptr<SharedCount> of(Slot slot) {
    const std::lock_guard lock(mutex_);
    std::weak_ptr<SharedCount>& known = counts_[slot];
    std::shared_ptr<SharedCount> count = known.lock();
    if (!count) known = count = std::make_shared<SharedCount>();
    forget_some();
    return count;
  }

 private:
  /// Deletes a few counts that nobody holds any more, so that the table does not grow for ever.
  void forget_some() {
    for (int looked_at = 0; looked_at < 4 && !counts_.empty(); ++looked_at) {
      auto next = counts_.upper_bound(last_looked_at_);
      if (next == counts_.end()) next = counts_.begin();
      last_looked_at_ = next->first;
      if (next->second.expired()) counts_.erase(next);
    }
  }

  std::mutex mutex_;
  std::map<Slot, std::weak_ptr<SharedCount>> counts_;
  Slot last_looked_at_;
};

}  // namespace sluice::router
