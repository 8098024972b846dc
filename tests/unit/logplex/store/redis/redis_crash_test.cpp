// kill -9 of the server, again and again, under random operations: what was answered is there, nothing is there by
// half.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "logplex/model/config_error.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/running_shards.hpp"
#include "tests/unit/logplex/store/reference_model.hpp"
#include "tests/unit/logplex/store/store_harness.hpp"

namespace sluice {
namespace {

/// A server that has on disk what it has answered.
std::vector<std::string> durable() { return {"--appendonly", "yes", "--appendfsync", "always"}; }

StoreSettings quick_settings(const RedisServer& server) {
  auto settings = redis_settings(server.url());
  settings.reconnect_max = std::chrono::milliseconds(50);
  return settings;
}

std::string state_of(StoreNode& node) {
  return node.on_shard(0, [](ConfigFeed& feed) { return ReferenceModel::describe(feed.current()); });
}

bool up_to_date(StoreNode& node) {
  return eventually([&] { return node.store().status().up_to_date; });
}

void run_over_restarts(std::uint64_t seed) {
  RedisServer server(durable());
  const TemporaryDirectory directory;
  const TemporaryDirectory beside;
  StoreNode node(redis_store(quick_settings(server), directory.path()));
  StoreNode watcher(redis_store(quick_settings(server), beside.path()));
  ReferenceModel reference({});
  RandomChanges changes(seed, "c");
  for (int step = 1; step <= 400; ++step) {
    const auto change = changes.next();
    const auto expected = reference.apply(change);
    auto outcome = node.apply(change, static_cast<std::uint32_t>(step) % StoreNode::kShards);
    const auto code = outcome.has_error() ? outcome.error().code : error_code();
    ASSERT_EQ(code, expected.code) << "seed " << seed << " step " << step << " change " << change.index();
    if (step % 50 != 0) continue;
    server.kill();
    server.start();
    ASSERT_TRUE(up_to_date(node)) << node.store().status().trouble;
    // The old connections may not have been missed yet.
    ASSERT_TRUE(eventually([&] { return node.apply(PutChannel{"_router", {}, {}, {}}).has_value(); }));
    ASSERT_EQ(state_of(node), reference.describe()) << step;
  }
  ASSERT_TRUE(up_to_date(watcher));
  EXPECT_TRUE(eventually([&] { return state_of(watcher) == reference.describe(); }));
}

TEST(RedisCrash, random_changes_over_restarts_give_what_the_reference_gives) {
  for (const auto seed : seeds(21, 1)) run_over_restarts(seed);
}

TEST(RedisCrash, what_was_answered_survives_and_all_nodes_agree) {
  RedisServer server(durable());
  const std::vector<TemporaryDirectory> directories(3);
  std::vector<std::unique_ptr<StoreNode>> nodes;
  for (int i = 0; i < 2; ++i)
    nodes.push_back(std::make_unique<StoreNode>(
        redis_store(quick_settings(server), directories[static_cast<std::size_t>(i)].path())));
  std::atomic<bool> stop{false};
  std::vector<std::vector<std::string>> answered(4);
  std::vector<std::thread> writers;
  for (std::size_t writer = 0; writer < answered.size(); ++writer)
    writers.emplace_back([&, writer] {
      for (int step = 0; !stop; ++step) {
        const auto name = "w" + std::to_string(writer) + "-" + std::to_string(step);
        const auto made = nodes[writer % 2]->apply(PutApp{name, {name + ".com"}, {}, {}});
        if (made.has_value()) answered[writer].push_back(name);
      }
    });
  for (int round = 0; round < 5; ++round) {
    const auto before = nodes[0]->store().status().revision;
    EXPECT_TRUE(eventually([&] { return nodes[0]->store().status().revision > before + 20; }));
    server.kill();
    server.start();
  }
  stop = true;
  for (auto& writer : writers) writer.join();
  nodes.push_back(std::make_unique<StoreNode>(redis_store(quick_settings(server), directories[2].path())));
  const auto truth = state_of(*nodes[2]);
  for (auto& node : nodes) EXPECT_TRUE(eventually([&] { return state_of(*node) == truth; }));
  for (const auto& names : answered)
    for (const auto& name : names) EXPECT_NE(truth.find("app " + name + " "), std::string::npos) << name;
  EXPECT_EQ(nodes[2]->store().status().quarantined_count, 0U);
}

}  // namespace
}  // namespace sluice
