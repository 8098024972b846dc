// What every kind of store must do. A new kind is one more row at the end of this file.
#include <array>
#include <map>
#include <memory>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/redis_server.hpp"
#include "tests/unit/logplex/store/reference_model.hpp"
#include "tests/unit/logplex/store/store_harness.hpp"

namespace sluice {
namespace {

/// Where one test's store keeps what outlives it.
struct StoreKind {
  const char* name;
  OpenStore (*opener)(const TemporaryDirectory& directory);
};

ConfigLimits tight_limits() {
  ConfigLimits limits;
  limits.drains_per_channel = 2;
  limits.global_drains = 3;
  limits.tokens_per_channel = 4;
  return limits;
}

class Conformance : public testing::TestWithParam<StoreKind> {
 protected:
  std::unique_ptr<StoreNode> node() {
    return std::make_unique<StoreNode>(GetParam().opener(directory_), tight_limits());
  }

  static std::string state_of(StoreNode& node, std::uint32_t shard) {
    return node.on_shard(shard, [](ConfigFeed& feed) { return ReferenceModel::describe(feed.current()); });
  }

  TemporaryDirectory directory_;
};

TEST_P(Conformance, random_changes_give_what_the_reference_gives) {
  for (const auto seed : seeds(1, 3)) {
    ReferenceModel reference(tight_limits());
    RandomChanges changes(seed, "s" + std::to_string(seed) + "-");
    const TemporaryDirectory directory;
    const auto open = GetParam().opener(directory);
    auto node = std::make_unique<StoreNode>(open, tight_limits());
    std::uint64_t refused = 0;
    for (std::uint32_t step = 1; step <= 1500; ++step) {
      const auto change = changes.next();
      const auto expected = reference.apply(change);
      const auto outcome = node->apply(change, step % StoreNode::kShards);
      const auto code = outcome.has_error() ? outcome.error().code : error_code();
      ASSERT_EQ(code, expected.code) << "seed " << seed << " step " << step << " change " << change.index();
      refused += code ? 1U : 0U;
      ASSERT_EQ(!code && outcome->created, expected.created) << "seed " << seed << " step " << step;
      if (step % 250 == 0) {
        ASSERT_EQ(state_of(*node, step % StoreNode::kShards), reference.describe());
      }
      if (step % 500 == 0) {
        node.reset();
        node = std::make_unique<StoreNode>(open, tight_limits());
        ASSERT_EQ(state_of(*node, 0), reference.describe()) << "after opening again, seed " << seed;
      }
    }
    EXPECT_GT(refused, 100U);
    EXPECT_LT(refused, 1200U);
  }
}

// Writers with names of their own: whatever the interleaving, each sees its own reference.
TEST_P(Conformance, concurrent_writers_do_not_disturb_each_other) {
  constexpr std::uint32_t kWriters = 8;
  constexpr int kSteps = 150;
  auto running = node();
  std::vector<std::thread> writers;
  std::vector<std::string> failures(kWriters);
  for (std::uint32_t writer = 0; writer < kWriters; ++writer)
    writers.emplace_back([&, writer] {
      for (int step = 0; step < kSteps; ++step) {
        const std::string id = "w" + std::to_string(writer) + "-" + std::to_string(step % 7);
        const auto made = running->apply(PutApp{id, {id + ".com"}, {}, {}}, writer % 3);
        if (made.has_error() || made->created != (step < 7)) failures[writer] = "put " + id;
        const bool seen = running->on_shard(static_cast<std::uint32_t>(step) % 3, [&id](ConfigFeed& feed) {
          return feed.current().app_by_host(id + ".com") != nullptr;
        });
        if (!seen) failures[writer] = "not seen " + id;
      }
    });
  for (auto& writer : writers) writer.join();
  for (const auto& failure : failures) EXPECT_EQ(failure, "");
}

// All race for the same names: exactly one may win each.
TEST_P(Conformance, one_domain_has_one_winner) {
  auto running = node();
  for (int round = 0; round < 20; ++round) {
    const std::string domain = "prize" + std::to_string(round) + ".com";
    std::vector<std::future<result<Applied, Error>>> racers;
    for (std::uint32_t racer = 0; racer < 12; ++racer)
      racers.push_back(running->begin(PutApp{"racer" + std::to_string(racer), {domain}, {}, {}}, racer % 3));
    int winners = 0;
    int losers = 0;
    for (auto& racer : racers) {
      const auto outcome = racer.get();
      if (outcome.has_value())
        ++winners;
      else if (outcome.error().code == ConfigError::kConflict)
        ++losers;
    }
    EXPECT_EQ(winners, 1);
    EXPECT_EQ(losers, 11);
  }
}

/// Follows the changed keys and must know, without looking at anything else, what exists.
class Follower final : public ConfigObserver {
 public:
  void on_config(const ConfigSnapshot& config, const ChangedKeys& changed) override {
    EXPECT_GE(config.revision(), revision_);
    revision_ = config.revision();
    everything_ += changed.everything ? 1 : 0;
    for (const auto& app : changed.apps) update(apps_, app.name, config.app(app.name) != nullptr);
    for (const auto& channel : changed.channels) update(channels_, channel.id, config.channel(channel.id) != nullptr);
    for (const auto& token : changed.tokens) update(tokens_, token.str(), config.token(token) != nullptr);
    for (const auto& drain : changed.drains)
      update(drains_, std::to_string(drain.id), config.drain(drain.id) != nullptr);
    EXPECT_EQ(apps_.size(), config.app_count());
    EXPECT_EQ(channels_.size() + 1, config.channel_count());  // and `_router`, which was there before
    EXPECT_EQ(tokens_.size(), config.token_count());
    EXPECT_EQ(drains_.size(), config.drain_count());
  }
  int everything() const { return everything_; }

 private:
  using Names = std::set<std::string>;
  static void update(Names& names, const std::string& name, bool exists) {
    if (exists && name != "_router") names.insert(name);
    if (!exists) names.erase(name);
  }
  std::uint64_t revision_ = 0;
  int everything_ = 0;
  Names apps_;
  Names channels_;
  Names tokens_;
  Names drains_;
};

TEST_P(Conformance, observers_learn_every_change) {
  std::array<Follower, StoreNode::kShards> followers;
  auto running = node();
  for (std::uint32_t shard = 0; shard < StoreNode::kShards; ++shard)
    running->on_shard(shard, [&](ConfigFeed& feed) { return feed.add(followers[shard]), true; });
  RandomChanges changes(11, "x");
  std::vector<std::future<result<Applied, Error>>> open;
  for (int step = 0; step < 800; ++step) {
    open.push_back(running->begin(changes.next(), static_cast<std::uint32_t>(step) % 3));
    if (open.size() == 16)
      for (auto& one : std::exchange(open, {})) one.get();
  }
  for (std::uint32_t shard = 0; shard < StoreNode::kShards; ++shard)
    running->on_shard(shard, [&](ConfigFeed& feed) { return feed.remove(followers[shard]), true; });
  for (const auto& follower : followers) EXPECT_EQ(follower.everything(), 1);
}

TEST_P(Conformance, ids_of_drains_are_never_given_twice) {
  std::set<std::uint64_t> ids;
  for (int round = 0; round < 3; ++round) {
    auto running = node();
    Drain drain;
    drain.token = {1, 1};
    const auto made = running->apply(CreateDrain{drain});
    ASSERT_TRUE(made.has_value());
    EXPECT_TRUE(ids.insert(made->drain_id).second);
    ASSERT_TRUE(running->apply(DeleteDrain{"", made->drain_id}).has_value());
  }
}

TEST_P(Conformance, revision_only_rises) {
  std::uint64_t last = 0;
  for (int round = 0; round < 3; ++round) {
    auto running = node();
    EXPECT_EQ(running->store().status().revision, last);
    const auto applied = running->apply(PutChannel{"c" + std::to_string(round), {}, {}, {}});
    ASSERT_TRUE(applied.has_value());
    EXPECT_GT(applied->revision, last);
    last = applied->revision;
  }
}

OpenStore redis_of(const TemporaryDirectory& directory) {
  static RedisServer server;
  static std::map<std::string, int> databases;
  const auto database = databases.try_emplace(directory.path(), static_cast<int>(databases.size()) + 1).first->second;
  return redis_store(server.url(database), directory.path());
}

INSTANTIATE_TEST_SUITE_P(Stores, Conformance,
                         testing::Values(StoreKind{"embedded",
                                                   [](const TemporaryDirectory& directory) {
                                                     return embedded_in(directory.path());
                                                   }},
                                         StoreKind{"redis", &redis_of}),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace sluice
