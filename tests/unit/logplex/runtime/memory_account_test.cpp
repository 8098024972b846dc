#include "logplex/runtime/memory_account.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "logplex/base/metrics.hpp"
#include "logplex/runtime/runtime.hpp"

namespace sluice {
namespace {

constexpr MemoryClass kClass = MemoryClass::kRouterHeads;
constexpr std::size_t kKiB = 1024;

/// Shards without threads: the test makes them turn.
struct Shards {
  explicit Shards(std::uint32_t count) : runtime(count, clock) {}

  MemoryAccount& account() { return runtime.memory(); }
  void turns(int n = 10) {
    for (int i = 0; i < n; ++i) {
      clock.advance(std::chrono::milliseconds(1));
      for (std::uint32_t id = 0; id < runtime.size(); ++id) runtime.shard(id).turn();
    }
  }

  ManualClock clock;
  Runtime runtime;
};

struct Holder final : MemoryHolder {
  explicit Holder(Shard& home) : shard(home), charge(home, kClass, *this) {}
  void hold(std::size_t bytes) {
    const ShardScope scope(shard);
    charge.set(bytes);
  }
  void give_up_memory(MemoryClass of) override {
    EXPECT_EQ(of, kClass);
    ++told;
    told_on = Shard::current().id();
    if (obedient) charge.set(0);
  }

  Shard& shard;
  MemoryCharge charge;
  bool obedient = true;
  int told = 0;
  std::uint32_t told_on = 99;
};

TEST(MemoryAccount, counts_whole_kib_of_all_shards) {
  Shards shards(2);
  Holder one(shards.runtime.shard(0));
  Holder two(shards.runtime.shard(1));
  one.hold(1);
  two.hold(kKiB + 1);
  EXPECT_EQ(shards.account().held(kClass), 3_KiB);
  EXPECT_EQ(one.charge.bytes(), kKiB);
  one.hold(0);
  two.hold(kKiB);
  EXPECT_EQ(shards.account().held(kClass), 1_KiB);
}

TEST(MemoryAccount, a_charge_that_ends_gives_all_back) {
  Shards shards(1);
  {
    Holder holder(shards.runtime.shard(0));
    holder.hold(10 * kKiB);
  }
  EXPECT_EQ(shards.account().held(kClass), 0_B);
}

TEST(MemoryAccount, nobody_is_told_below_the_limit) {
  Shards shards(1);
  shards.account().set_limit(kClass, 10_KiB);
  Holder holder(shards.runtime.shard(0));
  holder.hold(10 * kKiB);
  shards.turns();
  EXPECT_EQ(holder.told, 0);
}

TEST(MemoryAccount, the_largest_holder_of_all_shards_is_told_on_its_shard) {
  Shards shards(3);
  shards.account().set_limit(kClass, 10_KiB);
  Holder small(shards.runtime.shard(0));
  Holder large(shards.runtime.shard(1));
  Holder last(shards.runtime.shard(2));
  small.hold(3 * kKiB);
  large.hold(6 * kKiB);
  shards.turns();
  last.hold(2 * kKiB);
  shards.turns();
  EXPECT_EQ(large.told, 1);
  EXPECT_EQ(large.told_on, 1U);
  EXPECT_EQ(small.told + last.told, 0);
  EXPECT_EQ(shards.account().evicted(kClass), 1U);
}

TEST(MemoryAccount, of_equal_holders_the_oldest_is_told) {
  Shards shards(2);
  shards.account().set_limit(kClass, 10_KiB);
  Holder young(shards.runtime.shard(0));
  Holder old(shards.runtime.shard(1));
  Holder last(shards.runtime.shard(0));
  old.hold(4 * kKiB);
  shards.turns();
  young.hold(4 * kKiB);
  shards.turns();
  last.hold(3 * kKiB);
  shards.turns();
  EXPECT_EQ(old.told, 1);
  EXPECT_EQ(young.told + last.told, 0);
}

TEST(MemoryAccount, as_many_are_told_as_are_needed) {
  Shards shards(2);
  shards.account().set_limit(kClass, 100_KiB);
  std::vector<std::unique_ptr<Holder>> holders;
  for (std::uint32_t i = 0; i < 200; ++i) {
    holders.push_back(std::make_unique<Holder>(shards.runtime.shard(i % 2)));
    holders.back()->hold(kKiB);
  }
  shards.turns();
  EXPECT_EQ(shards.account().held(kClass), 100_KiB);
  EXPECT_EQ(shards.account().evicted(kClass), 100U);
}

/// What a shard offers is old when the round chooses: all have grown, and fewer are enough.
TEST(MemoryAccount, holders_that_grow_during_a_round_are_not_told_for_their_old_sizes) {
  Shards shards(3);
  shards.account().set_limit(kClass, 100_KiB);
  std::vector<std::unique_ptr<Holder>> holders;
  for (std::uint32_t i = 0; i < 60; ++i) holders.push_back(std::make_unique<Holder>(shards.runtime.shard(1 + i % 2)));
  Holder first(shards.runtime.shard(0));
  for (const auto& holder : holders) holder->hold(4 * kKiB);
  first.hold(kKiB);
  for (std::uint32_t id = 0; id < 3; ++id)
    shards.runtime.shard(id).turn();  // the first begins a round, the others offer
  for (const auto& holder : holders) holder->hold(10 * kKiB);
  shards.turns();
  EXPECT_LE(shards.account().held(kClass), 100_KiB);
  EXPECT_GE(shards.account().held(kClass), 80_KiB);
}

TEST(MemoryAccount, a_holder_is_told_once_and_what_it_still_holds_counts_as_leaving) {
  Shards shards(1);
  shards.account().set_limit(kClass, 10_KiB);
  Holder slow(shards.runtime.shard(0));
  Holder other(shards.runtime.shard(0));
  slow.obedient = false;
  other.hold(2 * kKiB);
  slow.hold(9 * kKiB);
  shards.turns();
  EXPECT_EQ(slow.told, 1);
  slow.hold(10 * kKiB);
  shards.turns();
  EXPECT_EQ(slow.told, 1);
  EXPECT_EQ(other.told, 0);
  slow.hold(0);
  EXPECT_EQ(shards.account().held(kClass), 2_KiB);
  slow.hold(9 * kKiB);
  shards.turns();
  EXPECT_EQ(slow.told, 2);
}

struct Vanishing final : MemoryHolder {
  Vanishing(Shard& shard, std::unique_ptr<Vanishing>& owner) : charge(shard, kClass, *this), self(owner) {}
  void give_up_memory(MemoryClass) override { self.reset(); }
  MemoryCharge charge;
  std::unique_ptr<Vanishing>& self;
};

TEST(MemoryAccount, a_holder_may_destroy_itself_when_told) {
  Shards shards(1);
  shards.account().set_limit(kClass, 1_KiB);
  std::unique_ptr<Vanishing> holder;
  holder = std::make_unique<Vanishing>(shards.runtime.shard(0), holder);
  {
    const ShardScope scope(shards.runtime.shard(0));
    holder->charge.set(2 * kKiB);
  }
  shards.turns();
  EXPECT_EQ(holder, nullptr);
  EXPECT_EQ(shards.account().held(kClass), 0_B);
}

TEST(MemoryAccount, classes_share_three_quarters_of_the_reserve) {
  Shards shards(1);
  shards.account().set_reserve(100_MiB);
  Bytes sum;
  for (std::size_t i = 0; i < kMemoryClasses; ++i) sum = sum + shards.account().limit(static_cast<MemoryClass>(i));
  EXPECT_LE(sum, 75_MiB);
  EXPECT_GT(sum, 74_MiB);
  MetricsPage page;
  shards.account().add_metrics(page);
  EXPECT_NE(page.text().find("sluice_memory_limit_bytes{class=\"ingress_bodies\"} 20971"), std::string::npos);
}

/// Many holders that grow, shrink and are told, against sums made by hand.
TEST(MemoryAccount, totals_stay_exact_under_random_changes) {
  Shards shards(3);
  shards.account().set_limit(kClass, 300_KiB);
  SystemRng rng;
  std::vector<std::unique_ptr<Holder>> holders;
  for (std::uint32_t i = 0; i < 60; ++i) {
    holders.push_back(std::make_unique<Holder>(shards.runtime.shard(i % 3)));
    holders.back()->obedient = i % 4 != 0;
  }
  for (int step = 0; step < 3000; ++step) {
    holders[rng.below(holders.size())]->hold(rng.below(16 * kKiB));
    if (step % 50 == 0) shards.turns(3);
  }
  std::uint64_t sum = 0;
  for (const auto& holder : holders) sum += holder->charge.bytes();
  EXPECT_EQ(shards.account().held(kClass).count, sum);
  EXPECT_GT(shards.account().evicted(kClass), 0U);
}

}  // namespace
}  // namespace sluice
