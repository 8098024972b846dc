// Three servers that are one Redis Cluster: the keys are on one of them, and may move.
#include <algorithm>

#include <gtest/gtest.h>

#include "logplex/store/places/store_place.hpp"
#include "logplex/store/redis/redis_scripts.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/running_shards.hpp"
#include "tests/unit/logplex/store/store_harness.hpp"

namespace sluice {
namespace {

/// The text of a bulk string.
std::string bulk(const std::string& answer) {
  const auto line = answer.find("\r\n");
  return line == std::string::npos ? answer : answer.substr(line + 2);
}

class RedisCluster : public testing::Test {
 protected:
  static constexpr std::size_t kMasters = 3;
  static constexpr std::size_t kReplica = 3;

  void SetUp() override {
    for (std::size_t i = 0; i <= kReplica; ++i) {
      const std::vector<std::string> arguments{"--cluster-enabled",
                                               "yes",
                                               "--cluster-port",
                                               std::to_string(free_port()),
                                               "--databases",
                                               "1",
                                               "--cluster-node-timeout",
                                               "2000",
                                               "--cluster-require-full-coverage",
                                               "no"};
      servers_.push_back(std::make_unique<RedisServer>(arguments));
      bus_ports_.push_back(arguments[3]);
    }
    const char* first[] = {"0", "5461", "10923"};
    const char* last[] = {"5460", "10922", "16383"};
    for (std::size_t i = 0; i < kMasters; ++i)
      ASSERT_EQ(ask(i, {"CLUSTER", "ADDSLOTSRANGE", first[i], last[i]}), "+OK");
    for (std::size_t i = 1; i <= kReplica; ++i)
      ASSERT_EQ(ask(0, {"CLUSTER", "MEET", "127.0.0.1", port(i), bus_ports_[i]}), "+OK");
    for (std::size_t i = 0; i <= kReplica; ++i)
      ASSERT_TRUE(eventually([&] {
        return ask(i, {"CLUSTER", "INFO"}).find("cluster_known_nodes:4") != std::string::npos &&
               ask(i, {"CLUSTER", "INFO"}).find("cluster_size:3") != std::string::npos &&
               ask(i, {"CLUSTER", "INFO"}).find("cluster_state:ok") != std::string::npos;
      })) << ask(i, {"CLUSTER", "INFO"});
    slot_ = ask(0, {"CLUSTER", "KEYSLOT", redis_keys()[kMetaKey]}).substr(1);
    const auto number = static_cast<std::size_t>(std::stoul(slot_));
    holder_ = number < 5461 ? 0 : number < 10923 ? 1 : 2;
  }

  std::string ask(std::size_t server, const std::vector<std::string>& command) const {
    return servers_[server]->command(command);
  }
  std::string port(std::size_t server) const { return std::to_string(servers_[server]->port()); }
  std::string id_of(std::size_t server) const { return bulk(ask(server, {"CLUSTER", "MYID"})); }
  std::size_t other(std::size_t server) const { return (server + 1) % kMasters; }
  /// As an operator writes it, who names all of them.
  std::string url_of_all() const {
    std::string out = "redis://127.0.0.1:" + port(0);
    for (std::size_t i = 1; i <= kReplica; ++i) out += ",127.0.0.1:" + port(i);
    return out;
  }
  static bool put(StoreNode& node, const std::string& name) {
    const auto made = node.apply(PutApp{name, {name + ".com"}, {}, {}});
    if (made.has_error()) ADD_FAILURE() << made.error().text();
    return made.has_value();
  }
  static bool routes(StoreNode& node, const std::string& name) {
    return node.on_shard(1, [&](ConfigFeed& feed) { return feed.current().app_by_host(name + ".com") != nullptr; });
  }

  std::vector<std::unique_ptr<RedisServer>> servers_;
  std::vector<std::string> bus_ports_;
  std::string slot_;
  std::size_t holder_ = 0;
  TemporaryDirectory directory_;
  TemporaryDirectory second_;
};

TEST_F(RedisCluster, any_node_of_the_cluster_leads_to_the_keys) {
  StoreNode a(redis_store(servers_[other(holder_)]->url(), directory_.path()));
  ASSERT_TRUE(put(a, "first")) << a.store().status().trouble;
  EXPECT_EQ(ask(holder_, {"HEXISTS", redis_keys()[kFirstKindKey], "first"}), ":1");
  StoreNode b(redis_store(url_of_all(), second_.path()));
  EXPECT_TRUE(routes(b, "first"));
  ASSERT_TRUE(put(b, "second"));
  EXPECT_TRUE(eventually([&] { return routes(a, "second"); }));
  // The programs without shards find them too.
  auto place = open_place(servers_[other(other(holder_))]->url(), PlaceUse::kRead, {});
  ASSERT_TRUE(place.has_value()) << place.error().text();
  const auto rows = (*place)->read();
  ASSERT_TRUE(rows.has_value()) << rows.error().text();
  EXPECT_EQ(rows->of(EntryKind::kApp).size(), 2U);
}

TEST_F(RedisCluster, slot_that_moves_is_followed) {
  StoreNode node(redis_store(url_of_all(), directory_.path()));
  ASSERT_TRUE(put(node, "before"));
  const auto from = holder_;
  const auto to = other(holder_);
  ASSERT_EQ(ask(to, {"CLUSTER", "SETSLOT", slot_, "IMPORTING", id_of(from)}), "+OK");
  ASSERT_EQ(ask(from, {"CLUSTER", "SETSLOT", slot_, "MIGRATING", id_of(to)}), "+OK");
  for (const auto& key : redis_keys())
    ASSERT_NE(ask(from, {"MIGRATE", "127.0.0.1", port(to), key, "0", "5000"}).substr(0, 1), "-");
  // Between two masters: what is asked for now waits.
  auto during = node.begin(PutApp{"during", {"during.com"}, {}, {}});
  EXPECT_TRUE(routes(node, "before"));
  for (const auto server : {to, from, other(to)})
    ASSERT_EQ(ask(server, {"CLUSTER", "SETSLOT", slot_, "NODE", id_of(to)}), "+OK");
  const auto made = during.get();
  ASSERT_TRUE(made.has_value()) << made.error().text();
  ASSERT_TRUE(put(node, "after"));
  EXPECT_EQ(ask(to, {"HLEN", redis_keys()[kFirstKindKey]}), ":3");
  EXPECT_TRUE(routes(node, "before") && routes(node, "during") && routes(node, "after"));
}

TEST_F(RedisCluster, replica_that_takes_over_is_followed) {
  ASSERT_TRUE(eventually([&] { return ask(kReplica, {"CLUSTER", "REPLICATE", id_of(holder_)}) == "+OK"; }));
  StoreNode node(redis_store(url_of_all(), directory_.path()));
  ASSERT_TRUE(put(node, "before"));
  ASSERT_TRUE(eventually([&] {
    return ask(kReplica, {"INFO", "replication"}).find("master_link_status:up") != std::string::npos;
  }));
  ASSERT_EQ(ask(holder_, {"WAIT", "1", "10000"}).substr(0, 1), ":");
  servers_[holder_]->kill();
  ASSERT_EQ(ask(kReplica, {"CLUSTER", "FAILOVER", "TAKEOVER"}), "+OK");
  ASSERT_TRUE(eventually([&] {
    return node.apply(PutApp{"after", {"after.com"}, {}, {}}).has_value();
  })) << node.store().status().trouble;
  EXPECT_TRUE(routes(node, "before") && routes(node, "after"));
}

}  // namespace
}  // namespace sluice
