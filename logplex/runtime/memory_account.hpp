#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <boost/intrusive/set.hpp>

#include "logplex/base/units.hpp"
#include "logplex/runtime/shard.hpp"

namespace sluice {

class MemoryShard;
class MetricsPage;

/// What peers make us hold beside lines and frames. Each class has a part of process.memory_reserve.
enum class MemoryClass : std::uint8_t {
  kRouterHeads,    // unfinished heads of requests and of backends' responses
  kRouterBodies,   // bytes of bodies that the other side has not taken
  kRouterParked,   // requests that wait for a backend
  kIngressBodies,  // heads and bodies of POST /logs, unfinished syslog frames
  kApiBodies,      // heads and bodies of API and admin requests
  kApiStreams,     // answers that their readers have not taken
  kTls,            // state of TLS connections
};
inline constexpr std::size_t kMemoryClasses = 7;

/// As in metrics: "router_heads".
std::string_view to_string(MemoryClass of);

/// Whoever holds memory for a peer, mostly a connection. Lives on one shard.
class MemoryHolder {
 public:
  /// Its class is over its limit and this one holds most: answer the peer (408, 413, 431 or 503) and close. Said once,
  /// in a turn of its shard, from no other call of the holder's; it may destroy itself in the call.
  virtual void give_up_memory(MemoryClass of) = 0;

 protected:
  ~MemoryHolder() = default;
};

/// What one holder holds in one class. A member of the holder, on its shard.
///
///     MemoryCharge head_(shard, MemoryClass::kRouterHeads, *this);
///     head_.set(buffer.capacity());   // whenever it changes; 0 when it is gone
///
/// Counted in whole KiB, rounded up: a call that stays within the same KiB is an inlined comparison. Others cost a step
/// in an ordered tree (about 0.1 us with 10,000 holders). Nothing is allocated.
class MemoryCharge : public boost::intrusive::set_base_hook<boost::intrusive::optimize_size<true>> {
 public:
  MemoryCharge(Shard& shard, MemoryClass of, MemoryHolder& holder);
  MemoryCharge(const MemoryCharge&) = delete;
  MemoryCharge& operator=(const MemoryCharge&) = delete;
  ~MemoryCharge() { set(0); }

  void set(std::size_t bytes) {
    const auto units = static_cast<std::uint32_t>((bytes + kUnit - 1) / kUnit);
    if (units != units_) change(units);
  }
  /// As charged.
  std::size_t bytes() const { return std::size_t{units_} * kUnit; }
  /// The holder was told to give up and still holds something.
  bool told() const { return told_; }
  /// The class holds more than its part. Until those who were told to give up have done so, others had better not read
  /// on: what they read meanwhile is what the class is over.
  bool class_is_full() const;

  static constexpr std::size_t kUnit = 1024;

 private:
  friend class MemoryShard;
  void change(std::uint32_t units);

  MemoryShard& memory_;
  MemoryHolder& holder_;
  SteadyTime since_{};  // has held something without a break
  std::uint32_t units_ = 0;
  const MemoryClass class_;
  bool told_ = false;
};

/// What all shards hold, by class: totals in atomics, read by any shard at any time.
///
/// When a charge takes a class over its limit, the shard begins a round at the end of its turn: it asks all shards by
/// mail for the sizes of their largest holders, chooses the largest of all (of equal ones the oldest) until what they
/// hold is as much as the class is over, and tells those. One round of a class at a time. No round, no cost: finding
/// them is a walk from the large end of each shard's ordered tree.
///
/// Made by the Runtime; Shard's runtime().memory() reaches it. Limits are set before the shards turn; until then there
/// are none.
class MemoryAccount {
 public:
  explicit MemoryAccount(std::uint32_t shards);
  ~MemoryAccount();

  /// Gives each class its part.
  void set_reserve(Bytes reserve);
  void set_limit(MemoryClass of, Bytes limit);

  // Any thread.
  Bytes held(MemoryClass of) const { return {pool(of).held.load(std::memory_order_relaxed) * MemoryCharge::kUnit}; }
  Bytes limit(MemoryClass of) const { return {pool(of).limit * MemoryCharge::kUnit}; }
  bool full(MemoryClass of) const { return pool(of).held.load(std::memory_order_relaxed) > pool(of).limit; }
  std::uint64_t evicted(MemoryClass of) const { return pool(of).evicted.load(std::memory_order_relaxed); }
  void add_metrics(MetricsPage& page) const;

 private:
  friend class MemoryCharge;
  friend class MemoryShard;

  /// In units of MemoryCharge. On a cache line of its own.
  struct alignas(64) Pool {
    std::atomic<std::uint64_t> held{0};
    std::atomic<std::uint64_t> leaving{0};  // held by those that were told to give up
    std::atomic<std::uint64_t> evicted{0};  // holders that were told
    std::atomic<bool> round{false};         // one is under way
    std::uint64_t limit = UINT64_MAX;

    /// What is still to be given up, beside what was told already.
    std::uint64_t over() const;
  };

  MemoryShard& shard(std::uint32_t id) { return *shards_[id]; }
  Pool& pool(MemoryClass of) { return pools_[static_cast<std::size_t>(of)]; }
  const Pool& pool(MemoryClass of) const { return pools_[static_cast<std::size_t>(of)]; }

  std::array<Pool, kMemoryClasses> pools_;
  std::vector<std::unique_ptr<MemoryShard>> shards_;
};

}  // namespace sluice
