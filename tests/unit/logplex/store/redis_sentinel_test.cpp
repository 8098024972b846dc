// A master that goes away, and the sentinel that names another.
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/redis_server.hpp"
#include "tests/support/running_shards.hpp"
#include "tests/unit/logplex/store/store_harness.hpp"

namespace sluice {
namespace {

/// A sentinel is a redis-server that is told so; its settings stand in a file that it rewrites.
class Sentinel {
 public:
  explicit Sentinel(std::uint16_t master) {
    path_ = directory_.path() + "/sentinel.conf";
    std::ofstream(path_) << "sentinel monitor shop 127.0.0.1 " << master << " 1\n"
                         << "sentinel down-after-milliseconds shop 500\n"
                         << "sentinel failover-timeout shop 5000\n";
    server_ = std::make_unique<RedisServer>(std::vector<std::string>{}, path_);
  }
  std::uint16_t port() const { return server_->port(); }
  std::string master() const { return server_->command({"SENTINEL", "get-master-addr-by-name", "shop"}); }
  std::string replicas() const { return server_->command({"SENTINEL", "replicas", "shop"}); }

 private:
  TemporaryDirectory directory_;
  std::string path_;
  std::unique_ptr<RedisServer> server_;
};

TEST(RedisSentinel, node_follows_the_new_master) {
  const auto master = std::make_unique<RedisServer>();
  RedisServer replica({"--replicaof", "127.0.0.1 " + std::to_string(master->port())});
  const Sentinel sentinel(master->port());
  const auto replica_port = std::to_string(replica.port());
  const auto patiently = [](auto condition) {
    for (int round = 0; round < 6; ++round)
      if (eventually(condition)) return true;
    return false;
  };
  ASSERT_TRUE(patiently([&] {
    return sentinel.replicas().find(replica_port) != std::string::npos &&
           replica.command({"INFO", "replication"}).find("master_link_status:up") != std::string::npos;
  }));

  const TemporaryDirectory directory;
  // The second sentinel of the list is not there.
  const std::string url = "redis+sentinel://127.0.0.1:" + std::to_string(sentinel.port()) +
                          ",127.0.0.1:" + std::to_string(free_port()) + "/shop";
  StoreNode node(redis_store(url, directory.path()));
  ASSERT_TRUE(node.apply(PutApp{"before", {"before.com"}, {}, {}}).has_value()) << node.store().status().trouble;
  ASSERT_TRUE(patiently([&] { return replica.command({"HEXISTS", "{sluice}:app", "before"}) == ":1"; }));

  master->kill();
  ASSERT_TRUE(patiently([&] {
    return node.apply(PutApp{"after", {"after.com"}, {}, {}}).has_value();
  })) << node.store().status().trouble;
  EXPECT_NE(sentinel.master().find(replica_port), std::string::npos);
  EXPECT_TRUE(node.on_shard(1, [](ConfigFeed& feed) {
    return feed.current().app_by_host("before.com") != nullptr && feed.current().app_by_host("after.com") != nullptr;
  }));
}

}  // namespace
}  // namespace sluice
