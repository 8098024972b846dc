#include "logplex/net/unproven.hpp"

#include <memory>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "logplex/runtime/runtime.hpp"

namespace sluice {
namespace {

struct Silent final : Unproven {
  using Unproven::Unproven;
  ~Silent() override = default;
  void on_not_proven(NotProven why) override { ended = why; }
  bool has_unread() override { return unread; }

  std::optional<NotProven> ended;
  bool unread = false;
};

/// One shard that the test turns, and a pool of two places on it.
class UnprovenTest : public testing::Test {
 protected:
  void turn() {
    clock_.advance(2 * Wheel::kTick);
    shard_.turn();
  }
  Silent& add(bool unread = false) {
    turn();
    connections_.push_back(std::make_unique<Silent>(shard_.wheel()));
    connections_.back()->unread = unread;
    list_.add(*connections_.back());
    return *connections_.back();
  }

  ManualClock clock_;
  Runtime runtime_{1, clock_};
  Shard& shard_ = runtime_.shard(0);
  const ShardScope scope_{shard_};
  UnprovenPool pool_{1, 2, Duration{0}};
  UnprovenList list_{shard_, pool_};
  std::vector<std::unique_ptr<Silent>> connections_;
};

TEST_F(UnprovenTest, a_newcomer_too_many_ends_the_one_that_is_silent_for_longest) {
  Silent& first = add();
  Silent& second = add();
  turn();
  first.note_activity();
  Silent& third = add();
  EXPECT_EQ(second.ended, NotProven::kCrowded);
  EXPECT_FALSE(first.ended);
  EXPECT_FALSE(third.ended);
  EXPECT_EQ(pool_.count(), 2U);
}

TEST_F(UnprovenTest, those_with_unread_bytes_are_read_first_and_one_ends_without_another_newcomer) {
  for (int i = 0; i < 5; ++i) add(true);
  turn();
  EXPECT_EQ(pool_.count(), 5U);
  for (auto& connection : connections_) connection->unread = false;
  turn();
  EXPECT_EQ(pool_.count(), 2U);
  EXPECT_FALSE(shard_.turn()) << "nothing is left to do";
}

TEST_F(UnprovenTest, who_has_proved_itself_does_not_end) {
  for (int i = 0; i < 2; ++i) {
    add().leave_unproven();
    pool_.count_proven(1);
  }
  Silent& newcomer = add();
  EXPECT_FALSE(newcomer.ended) << "it has this turn to show its first bytes";
  turn();
  EXPECT_EQ(newcomer.ended, NotProven::kCrowded);
  EXPECT_FALSE(connections_[0]->ended || connections_[1]->ended);
  EXPECT_FALSE(shard_.turn());
}

}  // namespace
}  // namespace sluice
