#include "logplex/api/frame/changes.hpp"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "logplex/base/metrics.hpp"
#include "logplex/model/config_error.hpp"
#include "tests/support/running_shards.hpp"

namespace sluice::api {
namespace {

/// Answers a change when the test says so, as a disk that hangs would.
class HangingStore final : public Store {
 public:
  explicit HangingStore(Shard& shard) : released_(shard) {}

  void start(Runtime&) override {}
  Task<result<Applied, Error>> apply(Change) override {
    ++asked;
    if (!answers_at_once) co_await released_.wait();
    ++answered;
    Applied applied;
    applied.revision = 7;
    co_return applied;
  }
  ConfigFeed& feed(const Shard&) override { std::abort(); }
  StoreStatus status() const override { return {}; }
  void add_metrics(MetricsPage&) const override {}

  void release() { released_.set(); }

  bool answers_at_once = false;
  int asked = 0;
  int answered = 0;

 private:
  Event released_;
};

bool shows(const ChangeLines& lines, const std::string& metric, int value) {
  MetricsPage page;
  lines.add_metrics(page);
  return page.text().find("\n" + metric + " " + std::to_string(value) + "\n") != std::string::npos;
}

class ChangesTest : public testing::Test {
 protected:
  ChangesTest() { shards_.start(); }
  ~ChangesTest() override {
    shards_.on(0, [this] { changes_.cancel(); });
    shards_.await(0, changes_.stopped());
    shards_.stop();
  }

  result<Applied, Error> make() {
    Change change = DeleteChannel{"c"};
    return shards_.await(0, changes_.make(std::move(change)));
  }

  RunningShards shards_;
  HangingStore store_{shards_.runtime.shard(0)};
  ChangeLines lines_;
  Changes changes_{shards_.runtime.shard(0), store_, lines_, std::chrono::milliseconds(30)};
};

/// With a store that keeps everybody waiting, and patience.
class ChangesOfKeysTest : public ChangesTest {
 protected:
  static constexpr Beneficiary kOne{Beneficiary::Kind::kKey, 1};
  static constexpr Beneficiary kOther{Beneficiary::Kind::kKey, 2};

  ~ChangesOfKeysTest() override {
    shards_.on(0, [this] { patient_.cancel(); });
    shards_.await(0, patient_.stopped());
  }

  /// How many the store has been asked for when these were made at once.
  int asked_after(int changes, Beneficiary owner, std::size_t cost) {
    shards_.on(0, [&] {
      for (int i = 0; i < changes; ++i) patient_.spawn(make_one(owner, cost));
    });
    return asked_now();
  }
  int asked_now() {
    shards_.await(0, sleep_for(std::chrono::milliseconds(5)));
    return store_.asked;
  }
  int asked_after_release() {
    shards_.on(0, [this] { store_.release(); });
    return asked_now();
  }
  Task<void> make_one(Beneficiary owner, std::size_t cost) {
    Change change = RevokeToken{"c", 1};
    static_cast<void>(co_await patient_.make(std::move(change), owner, cost));
  }
  bool shows_waiting(int changes) { return shows(lines_, "sluice_api_waiting_changes", changes); }

  Changes patient_{shards_.runtime.shard(0), store_, lines_, std::chrono::minutes(1)};
};

TEST_F(ChangesTest, The_stores_answer_is_passed_on) {
  store_.answers_at_once = true;
  const auto made = make();
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->revision, 7U);
}

TEST_F(ChangesTest, A_store_that_hangs_is_unavailable_after_the_patience) {
  const auto made = make();
  ASSERT_TRUE(made.has_error());
  EXPECT_EQ(made.error().code, make_error_code(ConfigError::kUnavailable));
  EXPECT_EQ(store_.asked, 1);
}

TEST_F(ChangesTest, A_change_that_was_given_up_ends_later_without_harm) {
  EXPECT_TRUE(make().has_error());
  shards_.on(0, [this] { store_.release(); });
  shards_.await(0, sleep_for(std::chrono::milliseconds(20)));
  EXPECT_EQ(store_.answered, 1);
  store_.answers_at_once = true;
  EXPECT_TRUE(make().has_value());
}

TEST_F(ChangesOfKeysTest, Large_changes_of_a_key_go_to_the_store_one_by_one_and_keep_nobody_else_waiting) {
  EXPECT_EQ(asked_after(5, kOne, 400'000), 1);
  EXPECT_EQ(asked_after(1, kOther, 400'000), 2);
  EXPECT_EQ(asked_after(3, {}, 400'000), 5) << "the node's own key";
  EXPECT_TRUE(shows_waiting(4));
  for (int left = 4; left > 0; --left) EXPECT_EQ(asked_after_release(), 10 - left);
  EXPECT_TRUE(shows_waiting(0));
  asked_after_release();
  EXPECT_EQ(store_.answered, 9);
}

TEST_F(ChangesOfKeysTest, Small_changes_of_a_key_go_together) {
  EXPECT_EQ(asked_after(100, kOne, 4096), 16);
  EXPECT_EQ(asked_after_release(), 32);
  EXPECT_EQ(asked_after(1, kOther, 4096), 33);
}

TEST_F(ChangesOfKeysTest, A_change_that_was_given_up_before_its_turn_is_never_made) {
  Change first = DeleteChannel{"c"};
  Change second = DeleteChannel{"c"};
  shards_.await(0, changes_.make(std::move(first), kOne, 400'000)).error();
  const auto given_up = shards_.await(0, changes_.make(std::move(second), kOne, 400'000));
  ASSERT_TRUE(given_up.has_error());
  EXPECT_TRUE(shows_waiting(0)) << "it has left the line, although the store still hangs";
  EXPECT_EQ(given_up.error().message,
            "earlier changes by this key, or by keys that share its limits, took too long; this change was not made");
  EXPECT_EQ(asked_after_release(), 1);
  Change third = DeleteChannel{"c"};
  store_.answers_at_once = true;
  EXPECT_TRUE(shards_.await(0, changes_.make(std::move(third), kOne, 400'000)).has_value());
}

/// Places of one owner on two shards.
class ChangeLinesTest : public testing::Test {
 protected:
  ChangeLinesTest() { shards_.start(); }

  using Place = std::unique_ptr<ChangeLines::Place>;
  Place join(std::uint32_t shard, std::size_t bytes, std::uint32_t key = 1, bool first = false) {
    return shards_.on(shard, [&] {
      return std::make_unique<ChangeLines::Place>(lines_, shards_.runtime.shard(shard),
                                                  Beneficiary{Beneficiary::Kind::kKey, key}, bytes, first);
    });
  }
  bool has_turn(std::uint32_t shard, const Place& place) {
    return shards_.on(shard, [&] { return place->has_turn(); });
  }
  bool gets_turn(std::uint32_t shard, const Place& place) {
    return shards_.await(shard, place->turn_within(std::chrono::minutes(1)));
  }
  void leave(std::uint32_t shard, Place& place) {
    shards_.on(shard, [&] { place.reset(); });
  }

  RunningShards shards_{2};
  ChangeLines lines_;
};

TEST_F(ChangeLinesTest, an_owner_has_one_line_over_all_shards) {
  auto first = join(0, 400'000);
  auto second = join(1, 400'000);
  auto third = join(0, 400'000);
  auto of_another = join(1, 400'000, 2);
  EXPECT_TRUE(has_turn(0, first));
  EXPECT_FALSE(has_turn(1, second));
  EXPECT_TRUE(has_turn(1, of_another));
  leave(0, first);
  EXPECT_TRUE(gets_turn(1, second));
  EXPECT_FALSE(has_turn(0, third));
  leave(1, second);
  EXPECT_TRUE(gets_turn(0, third));
  EXPECT_TRUE(shows(lines_, "sluice_api_given_up_changes_total", 0));
}

TEST_F(ChangeLinesTest, who_made_the_others_goes_first) {
  auto with_store = join(0, 400'000);
  auto made = join(0, 400'000);
  auto maker = join(1, 400'000, 1, true);
  auto maker_again = join(1, 400'000, 1, true);
  leave(0, with_store);
  EXPECT_TRUE(gets_turn(1, maker));
  leave(1, maker);
  EXPECT_TRUE(gets_turn(1, maker_again));
  EXPECT_FALSE(has_turn(0, made));
  leave(1, maker_again);
  EXPECT_TRUE(gets_turn(0, made));
}

TEST_F(ChangeLinesTest, a_turn_that_does_not_come_is_given_up) {
  auto with_store = join(0, 400'000);
  auto waiting = join(0, 400'000);
  EXPECT_FALSE(shards_.await(0, waiting->turn_within(std::chrono::milliseconds(1))));
  EXPECT_TRUE(shows(lines_, "sluice_api_given_up_changes_total", 1));
}

TEST_F(ChangeLinesTest, who_leaves_before_its_turn_keeps_nobody_waiting) {
  auto first = join(0, 400'000);
  auto second = join(1, 400'000);
  auto third = join(1, 400'000);
  leave(1, second);
  leave(0, first);
  EXPECT_TRUE(gets_turn(1, third));
  leave(1, third);
  auto again = join(0, 400'000);
  EXPECT_TRUE(has_turn(0, again));
}

}  // namespace
}  // namespace sluice::api
