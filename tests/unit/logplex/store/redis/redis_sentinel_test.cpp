// A master that goes away, and the sentinel that names another.
#include <fstream>

#include <gtest/gtest.h>

#include "logplex/base/log.hpp"
#include "logplex/store/places/store_place.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/running_shards.hpp"
#include "tests/support/test_certificates.hpp"
#include "tests/unit/logplex/store/store_harness.hpp"

namespace sluice {
namespace {

/// A sentinel is a redis-server that is told so; its settings stand in a file that it rewrites.
class Sentinel {
 public:
  /// `more` are further lines of its file.
  explicit Sentinel(std::uint16_t master, const std::string& more = "") {
    path_ = directory_.path() + "/sentinel.conf";
    std::ofstream(path_) << more << "sentinel monitor shop 127.0.0.1 " << master << " 1\n"
                         << "sentinel down-after-milliseconds shop 500\n"
                         << "sentinel failover-timeout shop 5000\n";
    server_ = std::make_unique<RedisServer>(std::vector<std::string>{}, path_);
  }
  std::uint16_t port() const { return server_->port(); }
  std::string master() const { return server_->command({"SENTINEL", "get-master-addr-by-name", "shop"}); }
  bool fail_over() const { return server_->command({"SENTINEL", "FAILOVER", "shop"}) == "+OK"; }
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
  ASSERT_TRUE(eventually([&] {
    return sentinel.replicas().find(replica_port) != std::string::npos &&
           replica.command({"INFO", "replication"}).find("master_link_status:up") != std::string::npos;
  }));

  const TemporaryDirectory directory;
  // The second sentinel of the list is not there.
  const std::string url = "redis+sentinel://127.0.0.1:" + std::to_string(sentinel.port()) +
                          ",127.0.0.1:" + std::to_string(free_port()) + "/shop";
  StoreNode node(redis_store(url, directory.path()));
  ASSERT_TRUE(node.apply(PutApp{"before", {"before.com"}, {}, {}}).has_value()) << node.store().status().trouble;
  ASSERT_TRUE(eventually([&] { return replica.command({"HEXISTS", "{sluice}:app", "before"}) == ":1"; }));

  master->kill();
  ASSERT_TRUE(eventually([&] {
    return node.apply(PutApp{"after", {"after.com"}, {}, {}}).has_value();
  })) << node.store().status().trouble;
  EXPECT_NE(sentinel.master().find(replica_port), std::string::npos);
  EXPECT_TRUE(node.on_shard(1, [](ConfigFeed& feed) {
    return feed.current().app_by_host("before.com") != nullptr && feed.current().app_by_host("after.com") != nullptr;
  }));
}

/// A planned failover while changes are made: what was answered is there afterwards, or named in the log.
TEST(RedisSentinel, planned_failover_loses_no_answered_change_without_a_word) {
  const RedisServer master;
  const RedisServer replica({"--replicaof", "127.0.0.1 " + std::to_string(master.port())});
  const Sentinel sentinel(master.port());
  const auto replica_port = std::to_string(replica.port());
  ASSERT_TRUE(eventually([&] {
    return sentinel.replicas().find(replica_port) != std::string::npos &&
           replica.command({"INFO", "replication"}).find("master_link_status:up") != std::string::npos;
  }));
  const TemporaryDirectory directory;
  auto settings = redis_settings("redis+sentinel://127.0.0.1:" + std::to_string(sentinel.port()) + "/shop");
  settings.write_timeout = std::chrono::seconds(5);
  StoreNode node(redis_store(settings, directory.path()));
  std::vector<std::string> answered;
  const auto now = [] { return std::chrono::steady_clock::now(); };
  auto until = now() + std::chrono::seconds(60);
  bool failed_over = false;
  testing::internal::CaptureStderr();
  for (int i = 0; now() < until; ++i) {
    const auto name = "app-" + std::to_string(i);
    if (node.apply(PutApp{name, {name + ".com"}, {}, {}}).has_value()) answered.push_back(name);
    if (answered.size() < 20 || failed_over) continue;
    failed_over = sentinel.fail_over();
    until = now() + std::chrono::seconds(8);
  }
  EXPECT_TRUE(failed_over);
  EXPECT_TRUE(eventually([&] { return sentinel.master().find(replica_port) != std::string::npos; }));
  EXPECT_TRUE(eventually([&] {
    return node.apply(PutChannel{"after", {}, {}, {}}).has_value();
  })) << node.store().status().trouble;
  flush_log();
  const auto log = testing::internal::GetCapturedStderr();
  EXPECT_GE(answered.size(), 20U);
  for (const auto& name : answered) {
    const bool there = replica.command({"HEXISTS", "{sluice}:app", name}) == ":1";
    EXPECT_TRUE(there || log.find("what=\"app " + name) != std::string::npos) << name;
  }
}

/// Redis and sentinels each want a password, their own or the same.
TEST(RedisSentinel, passwords) {
  const RedisServer master({"--requirepass", "redis/pw"});
  const auto url_of = [](const Sentinel& sentinel, const std::string& rest) {
    return "redis+sentinel://:redis%2Fpw@127.0.0.1:" + std::to_string(sentinel.port()) + "/shop" + rest;
  };
  const std::string known = "sentinel resolve-hostnames no\n";
  const Sentinel same(master.port(), known + "requirepass redis/pw\n");
  const Sentinel own(master.port(), known + "requirepass \"of its own\"\n");
  const auto works = [](const std::string& url, const std::string& name) {
    const TemporaryDirectory directory;
    StoreNode node(redis_store(url, directory.path()));
    const auto made = node.apply(PutApp{name, {name + ".com"}, {}, {}});
    const auto status = node.store().status();
    EXPECT_EQ(status.trouble.find("pw"), std::string::npos) << status.trouble;
    EXPECT_EQ(open_place(url, PlaceUse::kRead, {}).has_value(), made.has_value());
    return made.has_value();
  };
  EXPECT_TRUE(works(url_of(same, ""), "a"));
  EXPECT_TRUE(works(url_of(own, "?sentinel_password=of%20its%20own"), "b"));
  EXPECT_FALSE(works(url_of(own, ""), "c"));
}

/// Everything over TLS: sentinels ask the master over TLS, and so do nodes both.
TEST(RedisSentinel, tls) {
  const TemporaryDirectory directory;
  const TestCertificates ca;
  const auto identity = ca.sign("redis", "IP:127.0.0.1");
  const auto path = [&](const char* name) { return directory.path() + "/" + name; };
  std::ofstream(path("ca.pem")) << ca.ca_pem();
  std::ofstream(path("chain.pem")) << identity.chain;
  std::ofstream(path("key.pem")) << identity.key;
  const auto tls_port = free_port();
  const RedisServer master({"--tls-port", std::to_string(tls_port), "--tls-cert-file", path("chain.pem"),
                            "--tls-key-file", path("key.pem"), "--tls-ca-cert-file", path("ca.pem"),
                            "--tls-auth-clients", "no"});
  const auto sentinel_port = free_port();
  const Sentinel sentinel(tls_port, "tls-port " + std::to_string(sentinel_port) +
                                        "\ntls-replication yes\ntls-cert-file " + path("chain.pem") +
                                        "\ntls-key-file " + path("key.pem") + "\ntls-ca-cert-file " + path("ca.pem") +
                                        "\ntls-auth-clients no\n");
  auto settings = redis_settings("rediss+sentinel://127.0.0.1:" + std::to_string(sentinel_port) + "/shop");
  settings.ca_file = path("ca.pem");
  StoreNode node(redis_store(settings, directory.path()));
  EXPECT_TRUE(node.apply(PutApp{"app", {}, {}, {}}).has_value()) << node.store().status().trouble;
  TlsClientOptions options;
  options.ca_file = path("ca.pem");
  EXPECT_TRUE(open_place(settings.url.reveal(), PlaceUse::kRead, options).has_value());
  // Without the authority nothing is believed, the sentinel neither.
  EXPECT_TRUE(open_place(settings.url.reveal(), PlaceUse::kRead, {}).has_error());
}

}  // namespace
}  // namespace sluice
