// A server that was the master, became a replica, and is the master again: the same process, with other data.
#include <gtest/gtest.h>

#include "logplex/base/log.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/running_shards.hpp"
#include "tests/unit/logplex/store/store_harness.hpp"

namespace sluice {
namespace {

Drain drain_to(const std::string& url) {
  Drain drain;
  drain.channel = "app-1";
  drain.token = {1, 2};
  drain.url = Secret(url);
  return drain;
}

class RedisMasterAgain : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(eventually([&] {
      return other_.command({"INFO", "replication"}).find("master_link_status:up") != std::string::npos;
    }));
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(put(node_, "app-" + std::to_string(i)));
    ASSERT_TRUE(eventually([&] { return has(other_, "app-4"); }));
    ASSERT_EQ(other_.command({"REPLICAOF", "NO", "ONE"}), "+OK");
  }
  static bool put(StoreNode& node, const std::string& name) {
    return node.apply(PutApp{name, {name + ".com"}, {}, {}}).has_value();
  }
  static bool has(const RedisServer& server, const std::string& app) {
    return server.command({"HEXISTS", "{sluice}:app", app}) == ":1";
  }
  static bool routes(StoreNode& node, const std::string& name) {
    return node.on_shard(1, [&](ConfigFeed& feed) { return feed.current().app_by_host(name + ".com") != nullptr; });
  }
  /// The first server takes over what the other one has, and is the master again; no process starts anew.
  void fail_back() {
    ASSERT_EQ(server_.command({"REPLICAOF", "127.0.0.1", std::to_string(other_.port())}), "+OK");
    ASSERT_TRUE(eventually([&] {
      return server_.command({"INFO", "replication"}).find("master_link_status:up") != std::string::npos;
    }));
    ASSERT_FALSE(has(server_, "late-1")) << "the changes are lost";
    ASSERT_EQ(server_.command({"REPLICAOF", "NO", "ONE"}), "+OK");
    ASSERT_TRUE(eventually([&] { return put(node_, "after"); })) << node_.store().status().trouble;
  }

  const RedisServer server_{{"--repl-diskless-sync-delay", "0"}};
  const RedisServer other_{
      {"--repl-diskless-sync-delay", "0", "--replicaof", "127.0.0.1 " + std::to_string(server_.port())}};
  TemporaryDirectory directory_;
  StoreNode node_{redis_store(server_.url(), directory_.path())};
};

/// The parameter: how many changes are made on the other server while it is the master.
class RedisMasterAgainAfter : public RedisMasterAgain, public testing::WithParamInterface<int> {};

TEST_P(RedisMasterAgainAfter, answered_changes_are_made_again) {
  ASSERT_TRUE(put(node_, "late-0"));
  ASSERT_TRUE(put(node_, "late-1"));
  ASSERT_TRUE(node_.apply(DeleteApp{"app-3"}).has_value());
  const auto drain = node_.apply(CreateDrain{drain_to("https://h/")});
  ASSERT_TRUE(drain.has_value()) << drain.error().text();
  {
    const TemporaryDirectory directory;
    StoreNode neighbour(redis_store(other_.url(), directory.path()));
    for (int i = 0; i < GetParam(); ++i) ASSERT_TRUE(put(neighbour, "theirs-" + std::to_string(i)));
  }
  fail_back();
  for (const auto* name : {"app-0", "app-4", "late-0", "late-1"}) {
    EXPECT_TRUE(has(server_, name)) << name;
    EXPECT_TRUE(routes(node_, name)) << name;
  }
  for (int i = 0; i < GetParam(); ++i) EXPECT_TRUE(routes(node_, "theirs-" + std::to_string(i)));
  EXPECT_FALSE(has(server_, "app-3"));
  EXPECT_EQ(server_.command({"HKEYS", "{sluice}:drain"}), "*1\r\n$1\r\n" + std::to_string(drain->drain_id));
}

// Fewer revisions than were answered, as many, and more.
INSTANTIATE_TEST_SUITE_P(OtherChanges, RedisMasterAgainAfter, testing::Values(0, 4, 9));

TEST_F(RedisMasterAgain, what_cannot_be_made_again_is_named) {
  ASSERT_TRUE(put(node_, "late-0"));
  ASSERT_TRUE(put(node_, "late-1"));
  {
    const TemporaryDirectory directory;
    StoreNode neighbour(redis_store(other_.url(), directory.path()));
    ASSERT_TRUE(neighbour.apply(PutApp{"theirs", {"late-0.com"}, {}, {}}).has_value());
  }
  testing::internal::CaptureStderr();
  fail_back();
  flush_log();
  const auto log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("a confirmed change is lost"), std::string::npos) << log;
  EXPECT_NE(log.find("what=\"channel late-0 and 1 more\""), std::string::npos) << log;
  EXPECT_FALSE(has(server_, "late-0"));
  EXPECT_TRUE(has(server_, "late-1"));
}

/// Two failovers within the time for which changes are remembered.
TEST_F(RedisMasterAgain, what_was_made_again_is_made_again_once_more) {
  ASSERT_TRUE(put(node_, "late-0"));
  ASSERT_TRUE(put(node_, "late-1"));
  fail_back();
  ASSERT_TRUE(routes(node_, "late-1"));
  fail_back();
  EXPECT_TRUE(has(server_, "late-0"));
  EXPECT_TRUE(has(server_, "late-1"));
}

/// The server comes back with nothing, as a replica that was promoted before it had been sent anything.
TEST(RedisMasterEmpty, gets_a_young_data_set_again) {
  RedisServer server;
  const TemporaryDirectory directory;
  StoreNode node(redis_store(server.url(), directory.path()));
  for (const auto* name : {"one", "two"}) ASSERT_TRUE(node.apply(PutApp{name, {}, {}, {}}).has_value());
  ASSERT_EQ(server.command({"CONFIG", "SET", "save", ""}), "+OK");
  server.kill();
  server.start();
  EXPECT_TRUE(eventually([&] {
    return node.apply(PutApp{"three", {}, {}, {}}).has_value();
  })) << node.store().status().trouble;
  for (const auto* name : {"one", "two", "three"})
    EXPECT_EQ(server.command({"HEXISTS", "{sluice}:app", name}), ":1") << name;
}

}  // namespace
}  // namespace sluice
