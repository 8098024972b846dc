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

/// Kinds of memory that peers make us hold, apart from lines and frames. Each class has a share of
/// process.memory_reserve.
enum class MemoryClass : std::uint8_t {
  kRouterHeads,    // unfinished heads of requests and of backends' responses
  kRouterBodies,   // bytes of bodies that the other side has not read
  kRouterParked,   // requests that wait for a backend
  kIngressBodies,  // heads and bodies of POST /logs, unfinished syslog frames
  kApiBodies,      // heads and bodies of API and admin requests
  kApiStreams,     // responses that their clients have not read
  kTls,            // state of TLS connections
};
inline constexpr std::size_t kMemoryClasses = 7;

/// As in metrics: "router_heads".
std::string_view to_string(MemoryClass of);

/// An object that holds memory for a peer, mostly a connection. Lives on one shard.
class MemoryHolder {
 public:
  /// The class is over its limit and this holder is among the largest: answer the peer (408, 413, 431 or 503) and
  /// close. Called once, in a turn of the holder's shard, never from within another call of the holder. The holder may
  /// destroy itself here.
  virtual void give_up_memory(MemoryClass of) = 0;

 protected:
  ~MemoryHolder() = default;
};

/// How much one holder holds in one class. A member of the holder, on its shard.
///
///     MemoryCharge head_(shard, MemoryClass::kRouterHeads, *this);
///     head_.set(buffer.capacity());   // whenever it changes; 0 when it is gone
///
/// Counts whole KiB, rounded up. A call that stays within the same KiB costs one inlined comparison; any other updates
/// an ordered tree (about 0.1 us with 10,000 holders). Nothing is allocated.
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
  /// The size as charged, in whole KiB.
  std::size_t bytes() const { return std::size_t{units_} * kUnit; }
  /// The holder was told to give up its memory and still holds some.
  bool told() const { return told_; }
  /// The class is over its limit. The other holders should stop reading until those that were told to give up have done
  /// so: whatever they read meanwhile keeps the class over its limit.
  bool class_is_full() const;

  static constexpr std::size_t kUnit = 1024;

 private:
  friend class MemoryShard;
  void change(std::uint32_t units);

  MemoryShard& memory_;
  MemoryHolder& holder_;
  SteadyTime since_{};  // the holder has held something since then
  std::uint32_t units_ = 0;
  const MemoryClass class_;
  bool told_ = false;
};

/// The memory that all shards hold, by class. The totals are atomics, which any shard may read at any time.
///
/// When a charge takes a class over its limit, the shard begins a round at the end of its turn. It asks all shards by
/// mail for the sizes of their largest holders and chooses the largest of all (of equal ones the oldest) until these
/// hold as much as the class is over; those are told to give up. Each class has one round at a time. There is no cost
/// without a round; finding the holders is a walk from the large end of each shard's ordered tree.
///
/// Made by the Runtime; Shard's runtime().memory() returns it. Set limits before the shards run; until then there are
/// none.
class MemoryAccount {
 public:
  explicit MemoryAccount(std::uint32_t shards);
  ~MemoryAccount();

  /// Sets the limit of each class to its share of `reserve`.
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

  /// In units of MemoryCharge. Each pool has a cache line of its own.
  struct alignas(64) Pool {
    std::atomic<std::uint64_t> held{0};
    std::atomic<std::uint64_t> leaving{0};  // held by those that were told to give up
    std::atomic<std::uint64_t> evicted{0};  // holders that were told
    std::atomic<bool> round{false};         // a round is under way
    std::uint64_t limit = UINT64_MAX;

    /// How much must still be given up, beyond what holders were already told to give up.
    std::uint64_t over() const;
  };

  MemoryShard& shard(std::uint32_t id) { return *shards_[id]; }
  Pool& pool(MemoryClass of) { return pools_[static_cast<std::size_t>(of)]; }
  const Pool& pool(MemoryClass of) const { return pools_[static_cast<std::size_t>(of)]; }

  std::array<Pool, kMemoryClasses> pools_;
  std::vector<std::unique_ptr<MemoryShard>> shards_;
};

}  // namespace sluice
