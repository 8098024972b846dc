#pragma once

#include <array>
#include <memory>
#include <vector>

#include "logplex/runtime/memory_account.hpp"

namespace sluice {

/// The memory holders of one shard, largest first, and this shard's side of the rounds that free memory. Part of
/// MemoryAccount; holders use MemoryCharge.
class MemoryShard final : private TurnHook {
 public:
  explicit MemoryShard(MemoryAccount& account) : account_(account) {}
  const MemoryAccount& account() const { return account_; }
  /// Counts memory that has no holder, in units of MemoryCharge. The count wraps, so a negative number subtracts. Any
  /// thread.
  static void add(MemoryAccount& account, MemoryClass of, std::uint64_t units) {
    account.pool(of).held.fetch_add(units, std::memory_order_relaxed);
  }

 private:
  friend class MemoryAccount;
  friend class MemoryCharge;

  /// Most holders that a shard offers in one round; the next round chooses more.
  static constexpr std::size_t kMostOffered = 256;

  struct LargestFirst {
    bool operator()(const MemoryCharge& a, const MemoryCharge& b) const {
      return a.units_ != b.units_ ? a.units_ > b.units_ : a.since_ < b.since_;
    }
  };
  using Holders = boost::intrusive::multiset<MemoryCharge, boost::intrusive::compare<LargestFirst>,
                                             boost::intrusive::constant_time_size<false>>;
  /// A holder whose memory could be given up.
  struct Offer {
    std::uint32_t shard;
    std::uint32_t units;
    SteadyTime since;
  };
  using Offers = std::vector<Offer>;
  struct Round;

  void change(MemoryCharge& charge, std::uint32_t units);
  void on_turn_end() override;
  void begin_round(MemoryClass of);
  Offers offers(MemoryClass of, std::uint32_t shard, std::uint64_t wanted);
  void gather(const std::shared_ptr<Round>& round, const Offers& offers);
  void choose(const std::shared_ptr<Round>& round);
  void end_part(const std::shared_ptr<Round>& round);
  void tell_largest(MemoryClass of, std::size_t count, std::uint32_t at_least);
  Holders& holders(MemoryClass of) { return holders_[static_cast<std::size_t>(of)]; }

  MemoryAccount& account_;
  std::array<Holders, kMemoryClasses> holders_;
  std::uint32_t over_ = 0;  // classes found over their limit in this turn, as bits
};

}  // namespace sluice
