#include "logplex/ingress/token_cache.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "logplex/model/decide/snapshot_editor.hpp"
#include "logplex/runtime/runtime.hpp"

namespace sluice::ingress {
namespace {

class TokenCacheTest : public testing::Test {
 protected:
  TokenCacheTest() { config_ = SnapshotEditor::empty(slots_); }

  Uuid add(const std::string& channel) {
    PutChannel command;
    command.id = channel;
    command.tokens = {{"app", Uuid::random(rng_), rng_.next()}};
    apply(command);
    return command.tokens->front().value;
  }
  void remove(const std::string& channel) { apply(DeleteChannel{channel}); }

  template <class Command>
  void apply(const Command& command) {
    ChangedKeys changed;
    ConfigSnapshot next = config_;
    const auto effects = decide(config_, command, {});
    ASSERT_TRUE(effects);
    SnapshotEditor editor(next, slots_, changed);
    for (const auto& effect : effects->list) editor.apply(effect);
    former_.push_back(config_);
    config_ = next;
    feed_.accept(config_, changed);
  }

  SlotSequence slots_;
  SeededRng rng_{1};
  ConfigSnapshot config_;
  std::vector<ConfigSnapshot> former_;
  SystemClock clock_;
  Runtime runtime_{1, clock_};
  ShardScope scope_{runtime_.shard(0)};
  ConfigFeed feed_{runtime_.shard(0), config_};
  TokenCache cache_{feed_};
};

TEST_F(TokenCacheTest, finds_what_the_configuration_has_at_every_look) {
  std::vector<Uuid> tokens;
  // More than the cache holds, so that some push others out.
  for (int i = 0; i < 3000; ++i) tokens.push_back(add("channel-" + std::to_string(i)));
  for (int round = 0; round < 3; ++round)
    for (const Uuid& token : tokens) {
      cache_.prefetch(token);
      ASSERT_EQ(cache_.find(token), config_.token(token));
      ASSERT_EQ(cache_.find(token)->token.value, token);
    }
}

TEST_F(TokenCacheTest, does_not_find_what_is_no_token) {
  add("one");
  EXPECT_EQ(cache_.find(Uuid::random(rng_)), nullptr);
  EXPECT_EQ(cache_.find(Uuid{}), nullptr);
}

TEST_F(TokenCacheTest, forgets_a_token_with_its_channel) {
  const Uuid token = add("one");
  ASSERT_NE(cache_.find(token), nullptr);
  remove("one");
  EXPECT_EQ(cache_.find(token), nullptr);
}

TEST_F(TokenCacheTest, finds_a_token_that_came_after_it_was_asked_for) {
  const Uuid token = add("one");
  ASSERT_NE(cache_.find(token), nullptr);
  const Uuid later = add("two");
  ASSERT_NE(cache_.find(later), nullptr);
  EXPECT_EQ(cache_.find(later)->channel, config_.channel("two")->slot);
  EXPECT_EQ(cache_.find(token)->channel, config_.channel("one")->slot);
}

}  // namespace
}  // namespace sluice::ingress
