#include "logplex/runtime/share_table.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace sluice {
namespace {

using Shares = std::vector<ShareTable::Share>;

/// Takes as many as the table gives, up to `wanted`.
std::size_t take(ShareTable& table, std::uint64_t key, std::uint64_t most, std::size_t wanted, Shares& into) {
  std::size_t got = 0;
  while (got < wanted) {
    auto share = table.take(key, most);
    if (!share) break;
    into.push_back(std::move(*share));
    ++got;
  }
  return got;
}

TEST(ShareTable, a_key_holds_at_most_what_is_asked) {
  ShareTable table;
  Shares shares;
  EXPECT_EQ(take(table, 7, 3, 10, shares), 3U);
  EXPECT_EQ(table.count(7), 3U);
  EXPECT_FALSE(table.may_take(7, 3));
  EXPECT_TRUE(table.may_take(8, 3));
  shares.pop_back();
  EXPECT_EQ(take(table, 7, 3, 10, shares), 1U);
}

TEST(ShareTable, an_entry_goes_with_its_last_share) {
  ShareTable table;
  Shares shares;
  take(table, 1, 5, 2, shares);
  take(table, 2, 5, 1, shares);
  EXPECT_EQ(table.keys(), 2U);
  EXPECT_EQ(table.total(), 3U);
  shares.clear();
  EXPECT_EQ(table.keys(), 0U);
  EXPECT_EQ(table.total(), 0U);
  EXPECT_EQ(table.count(1), 0U);
}

TEST(ShareTable, fair_shares_bite_only_over_three_quarters_of_the_pool) {
  ShareTable table(80);
  Shares shares;
  EXPECT_EQ(take(table, 1, 0, 60, shares), 60U);
  EXPECT_EQ(take(table, 2, 0, 1, shares), 1U);
  // Over 75 % with two keys: 35 for each.
  EXPECT_EQ(table.fair_share(2), 35U);
  EXPECT_EQ(take(table, 1, 0, 1, shares), 0U);
  EXPECT_EQ(take(table, 2, 0, 80, shares), 34U);
}

TEST(ShareTable, one_key_leaves_the_last_eighth_to_others) {
  ShareTable table(80);
  Shares shares;
  EXPECT_EQ(take(table, 1, 0, 1000, shares), 70U);
  EXPECT_EQ(take(table, 2, 0, 5, shares), 5U);
}

TEST(ShareTable, a_fair_share_is_at_least_one) {
  ShareTable table(4);
  Shares shares;
  for (std::uint64_t key = 0; key < 10; ++key) EXPECT_EQ(take(table, key, 0, 1, shares), 1U);
  EXPECT_EQ(table.fair_share(99), 1U);
}

TEST(ShareTable, without_a_pool_zero_is_no_limit) {
  ShareTable table;
  Shares shares;
  EXPECT_EQ(take(table, 1, 0, 1000, shares), 1000U);
}

TEST(ShareTable, shares_move_and_outlive_the_table) {
  ShareTable::Share kept;
  {
    ShareTable table;
    auto share = table.take(1, 1);
    kept = std::move(*share);
    EXPECT_EQ(table.count(1), 1U);
    ShareTable::Share other(std::move(kept));
    kept = std::move(other);
    EXPECT_EQ(table.count(1), 1U);
  }
  EXPECT_TRUE(kept);
  kept.release();
  EXPECT_FALSE(kept);
}

TEST(ShareTable, counts_are_exact_over_threads) {
  ShareTable table;
  std::atomic<int> most_seen{0};
  std::atomic<int> held{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i) {
        auto share = table.take(42, 3);
        if (!share) continue;
        const int now = ++held;
        int seen = most_seen;
        while (now > seen && !most_seen.compare_exchange_weak(seen, now)) continue;
        --held;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LE(most_seen, 3);
  EXPECT_EQ(table.count(42), 0U);
  EXPECT_EQ(table.keys(), 0U);
}

}  // namespace
}  // namespace sluice
