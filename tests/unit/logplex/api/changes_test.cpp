#include "logplex/api/changes.hpp"

#include <gtest/gtest.h>

#include "logplex/model/config_error.hpp"
#include "tests/support/running_shards.hpp"

namespace sluice {
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
  Changes changes_{shards_.runtime.shard(0), store_, std::chrono::milliseconds(30)};
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

}  // namespace
}  // namespace sluice
