// Nodes that share a real Redis, and what can happen to it.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "logplex/model/config_error.hpp"
#include "logplex/store/redis/redis_presence.hpp"
#include "logplex/store/redis/redis_scripts.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/running_shards.hpp"
#include "tests/support/test_certificates.hpp"
#include "tests/unit/logplex/store/store_harness.hpp"

namespace sluice {
namespace {

class RedisStoreTest : public testing::Test {
 protected:
  StoreSettings settings() const { return redis_settings(server_.url()); }
  std::unique_ptr<StoreNode> node(const StoreSettings& settings, const TemporaryDirectory& directory) const {
    return std::make_unique<StoreNode>(redis_store(settings, directory.path()));
  }
  std::unique_ptr<StoreNode> node() { return node(settings(), directory_); }

  static bool put(StoreNode& node, const std::string& name) {
    const auto outcome = node.apply(PutApp{name, {name + ".com"}, {}, {}});
    if (outcome.has_error()) ADD_FAILURE() << outcome.error().text();
    return outcome.has_value();
  }
  static bool routes(StoreNode& node, const std::string& name) {
    return node.on_shard(1, [&](ConfigFeed& feed) { return feed.current().app_by_host(name + ".com") != nullptr; });
  }
  static std::size_t apps(StoreNode& node) {
    return node.on_shard(2, [](ConfigFeed& feed) { return feed.current().app_count(); });
  }
  static bool follows(StoreNode& node) {
    return eventually([&] { return node.store().status().up_to_date; });
  }
  static bool refuses(StoreNode& node) {
    return eventually([&] { return node.store().status().trouble.find("would delete") != std::string::npos; });
  }
  std::string accept() const {
    std::vector<std::string> command{"EVAL", redis_script("accept").text, std::to_string(redis_keys().size())};
    command.insert(command.end(), redis_keys().begin(), redis_keys().end());
    const auto history = server_.command({"HGET", redis_keys()[kMetaKey], "history"});
    const auto line = history.find("\r\n");
    const auto known = line == std::string::npos ? std::string() : history.substr(line + 2);
    command.push_back(R"({"history":")" + known + R"(","new_history":"77","keep":"100"})");
    return server_.command(command);
  }

  RedisServer server_;
  TemporaryDirectory directory_;
};

TEST_F(RedisStoreTest, change_through_one_node_is_seen_by_the_others) {
  const TemporaryDirectory second;
  const TemporaryDirectory third;
  auto a = node();
  auto b = node(settings(), second);
  auto c = node(settings(), third);
  for (int i = 0; i < 20; ++i) {
    const std::string name = "app-" + std::to_string(i);
    StoreNode& writer = i % 3 == 0 ? *a : i % 3 == 1 ? *b : *c;
    ASSERT_TRUE(put(writer, name));
    EXPECT_TRUE(routes(writer, name)) << "answered before it was in force";
    for (auto* node : {a.get(), b.get(), c.get()}) EXPECT_TRUE(eventually([&] { return routes(*node, name); })) << i;
  }
  for (auto* node : {a.get(), b.get(), c.get()}) {
    EXPECT_TRUE(eventually([&] { return node->store().status().revision == 20U; }));
    EXPECT_TRUE(follows(*node));
    EXPECT_EQ(node->store().status().state, "up to date");
  }
}

TEST_F(RedisStoreTest, nodes_know_of_each_other_whether_they_are_up_to_date) {
  const TemporaryDirectory second;
  auto a = node();
  auto b = node(settings(), second);
  const auto seen_by = [](StoreNode& node) { return node.store().status().nodes; };
  ASSERT_TRUE(put(*a, "app"));
  ASSERT_TRUE(eventually([&] { return seen_by(*a).size() == 2 && seen_by(*b).size() == 2; }));
  ASSERT_TRUE(eventually([&] { return seen_by(*a)[1].up_to_date && seen_by(*a)[1].revision == 1; }));
  EXPECT_TRUE(seen_by(*a)[0].node.ends_with(directory_.path())) << seen_by(*a)[0].node;
  EXPECT_TRUE(seen_by(*a)[1].node.ends_with(second.path())) << seen_by(*a)[1].node;
  EXPECT_EQ(seen_by(*a)[1].state, "up to date");
  EXPECT_TRUE(seen_by(*a)[0].up_to_date);
}

TEST(RedisRollTest, reports_of_strangers_make_no_harm) {
  const auto good = parse_report("a", "1000 1 12 up to date", 1500);
  EXPECT_EQ(good.ago, std::chrono::milliseconds(500));
  EXPECT_EQ(good.revision, 12U);
  EXPECT_EQ(good.state, "up to date");
  EXPECT_TRUE(good.up_to_date);
  for (const char* text : {"", " ", "x", "1", "99999999999999999999 1 2 y", "2000 2 -1 "}) {
    const auto bad = parse_report("a", text, 1000);
    EXPECT_GE(bad.ago, std::chrono::milliseconds(0)) << text;
    EXPECT_FALSE(bad.state.empty()) << text;
  }
}

// What one node has just made, another may change at once, although it has not seen it yet.
TEST_F(RedisStoreTest, nodes_read_what_others_wrote_before_they_refuse) {
  const TemporaryDirectory second;
  auto a = node();
  auto b = node(settings(), second);
  for (int i = 0; i < 50; ++i) {
    const std::string name = "app-" + std::to_string(i);
    ASSERT_TRUE(a->apply(PutApp{name, {}, {}, {}}).has_value());
    const auto added = b->apply(AddDomain{name, name + ".com"});
    ASSERT_TRUE(added.has_value()) << added.error().text();
    ASSERT_TRUE(a->apply(PatchFeatures{name, true, {}, {}}).has_value());
    EXPECT_TRUE(routes(*a, name)) << "a change of the other node was overwritten";
  }
}

TEST_F(RedisStoreTest, of_two_nodes_that_race_for_a_domain_one_gets_it) {
  const TemporaryDirectory second;
  auto a = node();
  auto b = node(settings(), second);
  for (int round = 0; round < 30; ++round) {
    const std::string domain = "prize" + std::to_string(round) + ".com";
    std::vector<std::future<result<Applied, Error>>> racers;
    for (int racer = 0; racer < 6; ++racer)
      racers.push_back((racer % 2 == 0 ? *a : *b).begin(PutApp{"racer-" + std::to_string(racer), {domain}, {}, {}}));
    int winners = 0;
    for (auto& racer : racers) {
      const auto outcome = racer.get();
      winners += outcome.has_value() ? 1 : 0;
      EXPECT_TRUE(outcome.has_value() || outcome.error().code == ConfigError::kConflict) << outcome.error().text();
    }
    EXPECT_EQ(winners, 1);
  }
}

TEST_F(RedisStoreTest, with_redis_away_a_node_serves_and_refuses_changes) {
  auto running = node();
  ASSERT_TRUE(put(*running, "before"));
  server_.kill();
  ASSERT_TRUE(eventually([&] { return !running->store().status().reachable; }));
  const auto refused = running->apply(PutApp{"while", {}, {}, {}});
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code, ConfigError::kUnavailable);
  EXPECT_TRUE(routes(*running, "before"));
  EXPECT_NE(running->store().status().state.find("last known good"), std::string::npos);
}

TEST_F(RedisStoreTest, with_redis_away_a_node_starts_from_the_last_known_good_configuration) {
  {
    auto first = node();
    ASSERT_TRUE(put(*first, "kept"));
    ASSERT_TRUE(first->apply(CreateToken{"kept", {"app", {1, 2}, 3}}).has_value());
  }
  server_.kill();
  auto again = node();
  EXPECT_TRUE(routes(*again, "kept"));
  EXPECT_TRUE(again->store().status().has_configuration);
  EXPECT_FALSE(again->store().status().up_to_date);
  EXPECT_TRUE(again->on_shard(0, [](ConfigFeed& feed) { return feed.current().token({1, 2}) != nullptr; }));

  const TemporaryDirectory fresh;
  auto never = node(settings(), fresh);
  EXPECT_FALSE(never->store().status().has_configuration);
}

TEST_F(RedisStoreTest, an_emptied_redis_is_not_followed_until_it_is_accepted) {
  auto running = node();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(put(*running, "app-" + std::to_string(i)));
  ASSERT_EQ(server_.command({"FLUSHALL"}), "+OK");
  ASSERT_TRUE(refuses(*running));
  EXPECT_EQ(apps(*running), 3U);
  const auto refused = running->apply(PutApp{"new", {}, {}, {}});
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code, ConfigError::kUnavailable);

  ASSERT_NE(accept().find("ok"), std::string::npos);
  ASSERT_TRUE(eventually([&] { return apps(*running) == 0; }));
  ASSERT_TRUE(follows(*running));
  EXPECT_TRUE(put(*running, "new"));
}

// Somebody puts an older file back: nobody has to tell the nodes. What a node answered in the last minute it makes
// again.
TEST_F(RedisStoreTest, data_that_came_back_is_followed) {
  auto running = node();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(put(*running, "app-" + std::to_string(i)));
  ASSERT_EQ(server_.command({"SAVE"}), "+OK");
  ASSERT_TRUE(put(*running, "late"));
  ASSERT_EQ(server_.command({"FLUSHALL"}), "+OK");
  ASSERT_TRUE(refuses(*running));
  server_.kill();
  server_.start();
  ASSERT_TRUE(follows(*running)) << running->store().status().trouble;
  EXPECT_TRUE(eventually([&] { return apps(*running) == 4U && routes(*running, "late"); }));
}

TEST_F(RedisStoreTest, an_older_data_set_is_followed) {
  auto running = node();
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(put(*running, "app-" + std::to_string(i)));
  ASSERT_EQ(server_.command({"SAVE"}), "+OK");
  ASSERT_TRUE(put(*running, "late"));
  ASSERT_TRUE(running->apply(PutApp{"app-0", {"other.com"}, {}, {}}).has_value());
  server_.kill();
  server_.start();
  ASSERT_TRUE(follows(*running));
  EXPECT_TRUE(eventually([&] { return routes(*running, "late") && !routes(*running, "app-0"); })) << "made again";
  EXPECT_EQ(apps(*running), 7U);
}

TEST_F(RedisStoreTest, a_link_that_hangs_is_given_up_and_comes_back) {
  auto settings = this->settings();
  settings.write_timeout = std::chrono::milliseconds(800);
  auto running = node(settings, directory_);
  ASSERT_TRUE(put(*running, "before"));
  server_.pause();
  const auto refused = running->apply(PutApp{"while", {}, {}, {}});
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code, ConfigError::kUnavailable);
  EXPECT_TRUE(routes(*running, "before"));
  server_.resume();
  ASSERT_TRUE(eventually([&] { return running->apply(PutApp{"after", {"after.com"}, {}, {}}).has_value(); }));
  EXPECT_TRUE(routes(*running, "after"));
}

TEST_F(RedisStoreTest, a_full_redis_refuses_changes_and_nothing_else) {
  auto running = node();
  ASSERT_TRUE(put(*running, "before"));
  ASSERT_EQ(server_.command({"CONFIG", "SET", "maxmemory", "1"}), "+OK");
  const auto refused = running->apply(PutApp{"while", {}, {}, {}});
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code, ConfigError::kUnavailable);
  EXPECT_NE(refused.error().message.find("full"), std::string::npos) << refused.error().message;
  EXPECT_TRUE(routes(*running, "before"));
  ASSERT_EQ(server_.command({"CONFIG", "SET", "maxmemory", "0"}), "+OK");
  EXPECT_TRUE(put(*running, "after"));
  EXPECT_EQ(apps(*running), 2U);
}

TEST_F(RedisStoreTest, scripts_that_the_server_forgot_are_sent_again) {
  auto running = node();
  ASSERT_TRUE(put(*running, "before"));
  ASSERT_EQ(server_.command({"SCRIPT", "FLUSH"}), "+OK");
  EXPECT_TRUE(put(*running, "after"));
}

TEST_F(RedisStoreTest, a_trimmed_stream_means_reading_everything) {
  const TemporaryDirectory second;
  auto a = node();
  auto b = node(settings(), second);
  ASSERT_TRUE(put(*a, "first"));
  ASSERT_TRUE(eventually([&] { return routes(*b, "first"); }));
  // Cut off while nobody is there to read.
  a.reset();
  b.reset();
  a = node();
  ASSERT_TRUE(put(*a, "second"));
  ASSERT_EQ(server_.command({"DEL", redis_keys()[kChangesKey]}), ":1");
  b = node(settings(), second);
  EXPECT_TRUE(eventually([&] { return routes(*b, "second"); }));
  ASSERT_TRUE(put(*a, "third"));
  EXPECT_TRUE(eventually([&] { return routes(*b, "third"); }));
}

TEST_F(RedisStoreTest, a_wrong_sum_means_reading_everything) {
  auto running = node();
  ASSERT_TRUE(put(*running, "first"));
  // Somebody who knows better writes an entry and an event by hand, with a sum that is wrong.
  const std::string value = R"({"domains":["hand.com"]})";
  ASSERT_EQ(server_.command({"HSET", redis_keys()[kFirstKindKey], "hand", value}), ":1");
  ASSERT_EQ(server_.command({"HSET", redis_keys()[kMetaKey], "revision", "2"}), ":0");
  ASSERT_NE(server_.command({"XADD", redis_keys()[kChangesKey], "2-0", "sum", "12345"}), "");
  EXPECT_TRUE(eventually([&] { return routes(*running, "hand"); }));
  EXPECT_TRUE(put(*running, "second"));
}

TEST_F(RedisStoreTest, one_bad_entry_is_named_and_repaired_by_a_good_write) {
  auto settings = this->settings();
  settings.verify_interval = std::chrono::milliseconds(300);
  auto running = node(settings, directory_);
  ASSERT_TRUE(put(*running, "good"));
  ASSERT_EQ(server_.command({"HSET", redis_keys()[kFirstKindKey], "bad", "{"}), ":1");
  ASSERT_TRUE(eventually([&] { return running->store().status().quarantined_count == 1; }));
  const auto status = running->store().status();
  EXPECT_EQ(status.quarantined.front().kind, "app");
  EXPECT_EQ(status.quarantined.front().key, "bad");
  EXPECT_TRUE(routes(*running, "good"));
  ASSERT_TRUE(put(*running, "bad"));
  EXPECT_TRUE(eventually([&] { return running->store().status().quarantined_count == 0; }));
  EXPECT_TRUE(routes(*running, "bad"));
}

TEST_F(RedisStoreTest, user_password_and_database_are_used) {
  ASSERT_EQ(server_.command({"ACL", "SETUSER", "sluice", "on", ">hunter2", "~{sluice}:*", "+@all"}), "+OK");
  ASSERT_EQ(server_.command({"ACL", "SETUSER", "default", "off"}), "+OK");
  const std::string place = "127.0.0.1:" + std::to_string(server_.port()) + "/3";
  {
    auto running = node(redis_settings("redis://sluice:hunter2@" + place), directory_);
    EXPECT_TRUE(put(*running, "app"));
  }
  const TemporaryDirectory second;
  auto wrong = node(redis_settings("redis://sluice:hunter3@" + place), second);
  const auto status = wrong->store().status();
  EXPECT_FALSE(status.reachable);
  EXPECT_NE(status.trouble.find("WRONGPASS"), std::string::npos) << status.trouble;
  EXPECT_EQ(status.trouble.find("hunter"), std::string::npos) << status.trouble;
}

TEST_F(RedisStoreTest, newer_data_set_is_not_touched) {
  auto running = node();
  ASSERT_TRUE(put(*running, "app"));
  ASSERT_EQ(server_.command({"HSET", redis_keys()[kMetaKey], "readable_by", "3"}), ":0");
  ASSERT_TRUE(eventually([&] { return running->store().status().trouble.find("newer version") != std::string::npos; }));
  EXPECT_TRUE(running->apply(PutApp{"other", {}, {}, {}}).has_error());
  EXPECT_TRUE(routes(*running, "app"));
}

void write_file(const std::string& path, const std::string& text) {
  FILE* file = std::fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  std::fwrite(text.data(), 1, text.size(), file);
  std::fclose(file);
}

TEST(RedisTls, server_is_verified) {
  const TemporaryDirectory directory;
  const TestCertificates ca;
  const TestCertificates stranger("Stranger");
  const auto identity = ca.sign("redis", "IP:127.0.0.1");
  const auto client = ca.sign("node", "DNS:node");
  const auto path = [&](const char* name) { return directory.path() + "/" + name; };
  write_file(path("ca.pem"), ca.ca_pem());
  write_file(path("stranger.pem"), stranger.ca_pem());
  write_file(path("chain.pem"), identity.chain);
  write_file(path("key.pem"), identity.key);
  write_file(path("client.pem"), client.chain);
  write_file(path("client.key"), client.key);
  const auto port = std::to_string(free_port());
  const RedisServer server({"--tls-port", port, "--tls-cert-file", path("chain.pem"), "--tls-key-file", path("key.pem"),
                            "--tls-ca-cert-file", path("ca.pem")});
  auto settings = redis_settings("rediss://127.0.0.1:" + port);
  settings.ca_file = path("ca.pem");
  settings.client_cert = path("client.pem");
  settings.client_key = path("client.key");
  {
    StoreNode node(redis_store(settings, directory.path()));
    EXPECT_TRUE(node.apply(PutApp{"app", {}, {}, {}}).has_value()) << node.store().status().trouble;
  }
  const TemporaryDirectory second;
  settings.ca_file = path("stranger.pem");
  StoreNode node(redis_store(settings, second.path()));
  EXPECT_FALSE(node.store().status().reachable);
  EXPECT_TRUE(node.apply(PutApp{"app", {}, {}, {}}).has_error());
}

}  // namespace
}  // namespace sluice
