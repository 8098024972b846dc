// What others write into Redis, and what Redis itself throws away: nodes name it and go on.
#include <sys/stat.h>

#include <fstream>

#include <gtest/gtest.h>

#include "logplex/base/bytes/utf8.hpp"
#include "logplex/model/config_error.hpp"
#include "logplex/model/entry.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/running_shards.hpp"
#include "tests/unit/logplex/store/store_harness.hpp"

namespace sluice {
namespace {

Drain drain_of(const std::string& channel, const std::string& url) {
  Drain drain;
  drain.channel = channel;
  drain.token = {7, std::hash<std::string>()(url)};
  drain.url = Secret(url);
  return drain;
}

class RedisHostile : public testing::Test {
 protected:
  std::string put(const std::string& kind, const std::string& key, const std::string& value) {
    return server_.command({"HSET", "{sluice}:" + kind, key, value});
  }
  std::string get(const std::string& kind, const std::string& key) {
    return server_.command({"HGET", "{sluice}:" + kind, key});
  }
  StoreSettings settings() const {
    auto settings = redis_settings(server_.url());
    settings.write_timeout = std::chrono::seconds(60);
    return settings;
  }
  std::string key_file(const std::string& keys) const {
    const auto path = directory_.path() + "/key" + std::to_string(std::hash<std::string>()(keys));
    std::ofstream(path) << keys;
    ::chmod(path.c_str(), 0600);
    return path;
  }

  RedisServer server_;
  TemporaryDirectory directory_;
};

TEST_F(RedisHostile, what_no_client_could_ask_for_is_named_and_left_out) {
  const TemporaryDirectory other;
  {
    StoreNode first(redis_store(settings(), directory_.path()));
    ASSERT_TRUE(first.apply(PutApp{"shop", {"shop.com"}, {}, {}}).has_value());
    ASSERT_TRUE(first.apply(CreateDrain{drain_of("shop", "https://h/1")}).has_value());
  }
  put("drain", "50",
      R"({"v":1,"token":"00000000-0000-0001-0000-000000000002","url":{"v":0,"text":"https://h/"},)"
      R"("headers":[{"name":"X","value":{"v":0,"text":"a\r\nPOST / HTTP/1.1"}}]})");
  put("drain", "51", std::string(5 << 20, 'x'));
  put("app", std::string(70'000, '\xff'), "{}");
  StoreNode second(redis_store(settings(), other.path()));
  const auto status = second.store().status();
  EXPECT_TRUE(status.up_to_date) << status.state << status.trouble;
  EXPECT_EQ(status.quarantined_count, 3U);
  for (const auto& entry : status.quarantined) {
    EXPECT_LE(entry.key.size(), 140U);
    EXPECT_LE(entry.reason.size(), 310U);
    EXPECT_TRUE(is_utf8(entry.key));
  }
  EXPECT_TRUE(second.on_shard(1, [](ConfigFeed& feed) {
    return feed.current().app_by_host("shop.com") != nullptr && feed.current().drain(50) == nullptr;
  }));
  ASSERT_TRUE(second.apply(PutApp{"blog", {"blog.com"}, {}, {}}).has_value());
  EXPECT_TRUE(second.apply(DeleteChannel{"shop"}).has_value());
}

/// Scripts would write half a change, and a node would take nonsense for a revision.
TEST_F(RedisHostile, number_that_is_none_stops_changes_with_a_true_sentence) {
  StoreNode node(redis_store(settings(), directory_.path()));
  ASSERT_TRUE(node.apply(PutApp{"shop", {"shop.com"}, {}, {}}).has_value());
  for (const auto* field : {"revision", "checksum", "next_drain_id", "count:app", "stream_half"}) {
    const auto answer = get("meta", field);
    const auto right = answer.substr(answer.find('\n') + 1);
    put("meta", field, "12x");
    const std::string said = std::string("the field ") + field + " of {sluice}:meta in Redis is not a whole number";
    for (int round = 0; round < 2; ++round) {
      const auto refused = node.apply(PutApp{"more", {"more.com"}, {}, {}});
      ASSERT_TRUE(refused.has_error()) << field;
      EXPECT_EQ(refused.error().code, ConfigError::kUnavailable);
      EXPECT_NE(refused.error().message.find(said), std::string::npos) << refused.error().message;
      EXPECT_TRUE(eventually([&] { return node.store().status().trouble.find(said) != std::string::npos; }))
          << node.store().status().trouble;
    }
    EXPECT_TRUE(node.on_shard(0, [](ConfigFeed& feed) { return feed.current().app_by_host("shop.com") != nullptr; }));
    put("meta", field, right);
    EXPECT_TRUE(eventually([&] { return node.store().status().up_to_date; })) << node.store().status().trouble;
  }
  EXPECT_TRUE(node.apply(PutApp{"more", {"more.com"}, {}, {}}).has_value());
  EXPECT_EQ(get("meta", "revision"), "$1\r\n2");
}

/// Ids that a script cannot tell apart.
TEST_F(RedisHostile, drain_ids_that_are_not_exact_in_a_double_are_left_out) {
  const std::string drain =
      R"({"v":1,"token":"00000000-0000-0001-0000-000000000002","url":{"v":0,"text":"https://h/"}})";
  const TemporaryDirectory other;
  StoreNode first(redis_store(settings(), directory_.path()));
  ASSERT_TRUE(first.apply(CreateDrain{drain_of("", "https://h/1")}).has_value());
  for (const auto* id : {"4611686018427387904", "4611686018427387903", "9007199254740993", "1000000000000001"})
    put("drain", id, drain);
  StoreNode second(redis_store(settings(), other.path()));
  const auto status = second.store().status();
  EXPECT_EQ(status.quarantined_count, 3U);
  for (const auto& entry : status.quarantined) EXPECT_NE(entry.reason.find("drain id"), std::string::npos);
  for (std::uint64_t id = 2; id < 5; ++id) {
    const auto made = second.apply(CreateDrain{drain_of("", "https://h/" + std::to_string(id))});
    ASSERT_TRUE(made.has_value()) << made.error().text();
    EXPECT_EQ(made->drain_id, id);
  }
}

TEST_F(RedisHostile, large_entries_come_by_the_stream_and_at_start) {
  const TemporaryDirectory other;
  StoreNode first(redis_store(settings(), directory_.path()));
  StoreNode follower(redis_store(settings(), other.path()));
  auto large = drain_of("shop", "https://h/");
  large.ca = std::string(200 * 1024, 'c');
  ASSERT_TRUE(first.apply(PutChannel{"shop", {}, {}, {}}).has_value());
  const auto made = first.apply(CreateDrain{large});
  ASSERT_TRUE(made.has_value()) << made.error().text();
  const auto size_at = [&](StoreNode& node) {
    return node.on_shard(0, [&](ConfigFeed& feed) {
      const auto* entry = feed.current().drain(made->drain_id);
      return entry == nullptr ? std::size_t{0} : entry->drain.ca.size();
    });
  };
  EXPECT_EQ(size_at(first), large.ca.size());
  EXPECT_TRUE(eventually([&] { return size_at(follower) == large.ca.size(); }));
  // Replaced many times: the stream names each state, and holds none.
  large.id = made->drain_id;
  for (int i = 0; i < 30; ++i) {
    large.ca = std::string(200 * 1024, static_cast<char>('a' + i % 20));
    large.filter = "status>=" + std::to_string(i);
    ASSERT_TRUE(first.apply(PutDrain{large}).has_value());
  }
  EXPECT_TRUE(eventually([&] {
    return follower.on_shard(0, [&](ConfigFeed& feed) {
      const auto& drain = feed.current().drain(large.id)->drain;
      return drain.filter == large.filter && drain.ca == large.ca;
    });
  }));
  const auto bytes = server_.command({"MEMORY", "USAGE", "{sluice}:changes"});
  EXPECT_LT(std::strtoull(bytes.c_str() + 1, nullptr, 10), 200'000U);
  EXPECT_EQ(follower.store().status().quarantined_count, 0U);
}

/// A server that evicts takes whole keys away.
TEST_F(RedisHostile, what_is_left_after_an_eviction_is_not_served_as_if_it_were_all) {
  const TemporaryDirectory other;
  auto looking_often = settings();
  looking_often.verify_interval = std::chrono::milliseconds(500);
  StoreNode first(redis_store(looking_often, directory_.path()));
  for (int i = 0; i < 30; ++i) {
    const auto name = "app-" + std::to_string(i);
    ASSERT_TRUE(first.apply(PutApp{name, {name + ".com"}, {}, {}}).has_value());
  }
  ASSERT_EQ(server_.command({"DEL", "{sluice}:app"}), ":1");
  server_.command({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  EXPECT_TRUE(eventually([&] { return !first.store().status().reachable; }));
  EXPECT_NE(first.store().status().trouble.find("has lost 30 of 30 entries of the kind app"), std::string::npos)
      << first.store().status().trouble;
  EXPECT_TRUE(first.on_shard(0, [](ConfigFeed& feed) { return feed.current().app_by_host("app-7.com") != nullptr; }));

  StoreNode second(redis_store(looking_often, other.path()));
  const auto status = second.store().status();
  EXPECT_FALSE(status.has_configuration) << "nothing is served";
  EXPECT_NE(status.trouble.find("allkeys-lru"), std::string::npos) << status.trouble;
  EXPECT_TRUE(std::any_of(status.warnings.begin(), status.warnings.end(),
                          [](const auto& warning) { return warning.find("maxmemory-policy") != std::string::npos; }));

  ASSERT_EQ(server_.command({"DEL", "{sluice}:meta"}), ":1");
  EXPECT_TRUE(eventually([&] {
    return second.store().status().trouble.find("has lost its key {sluice}:meta") != std::string::npos;
  })) << second.store().status().trouble;
}

TEST_F(RedisHostile, secrets_are_sealed_for_every_node_that_has_the_key) {
  const std::string key(64, 'a');
  const std::string newer(64, 'b');
  auto with_key = settings();
  with_key.secret_key_file = key_file(key + "\n");
  auto rotated = settings();
  rotated.secret_key_file = key_file(newer + "\n" + key + "\n");
  const TemporaryDirectory second_directory;
  const TemporaryDirectory third_directory;
  StoreNode first(redis_store(with_key, directory_.path()));
  ASSERT_TRUE(first.apply(PutChannel{"shop", {}, {}, {{{"app", {1, 2}, 3}}}}).has_value());
  const auto one = first.apply(CreateDrain{drain_of("shop", "https://user:hunter2@h/1")});
  const auto two = first.apply(CreateDrain{drain_of("shop", "https://user:hunter2@h/2")});
  ASSERT_TRUE(one.has_value() && two.has_value());
  EXPECT_EQ(get("drain", "1").find("hunter2"), std::string::npos);
  EXPECT_NE(get("drain", "1").find(R"("v":1)"), std::string::npos);
  const auto made = first.apply(CreateChannel{"numbered", {{"app", {4, 5}, 6}}});
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(server_.command({"XRANGE", "{sluice}:changes", "-", "+"}).find("hunter2"), std::string::npos);
  const auto url_at = [](StoreNode& node, std::uint64_t id) {
    return node.on_shard(0, [&](ConfigFeed& feed) {
      const auto* entry = feed.current().drain(id);
      return entry == nullptr ? std::string() : entry->drain.url.reveal();
    });
  };

  StoreNode second(redis_store(rotated, second_directory.path()));
  EXPECT_EQ(url_at(second, one->drain_id), "https://user:hunter2@h/1");
  EXPECT_TRUE(second.on_shard(0, [](ConfigFeed& feed) { return feed.current().token({4, 5}) != nullptr; }));
  EXPECT_TRUE(second.store().status().warnings.empty());

  StoreNode third(redis_store(settings(), third_directory.path()));
  const auto status = third.store().status();
  EXPECT_EQ(status.quarantined_count, 4U) << "two drains and two tokens";
  EXPECT_NE(status.quarantined.at(0).reason.find("store.secret_key_file"), std::string::npos);
  EXPECT_FALSE(status.warnings.empty());

  // A sealed entry under another name is not what it was.
  put("drain", "77", get("drain", "1").substr(get("drain", "1").find('{')));
  const TemporaryDirectory fourth_directory;
  StoreNode fourth(redis_store(with_key, fourth_directory.path()));
  EXPECT_EQ(fourth.store().status().quarantined_count, 1U);
  EXPECT_EQ(url_at(fourth, two->drain_id), "https://user:hunter2@h/2");
}

TEST_F(RedisHostile, a_data_set_of_an_older_version_is_taken_and_raised) {
  put("channel", "shop", R"({"v":1})");
  put("token", "shop/0000000000000005",
      R"({"v":1,"name":"app","value":{"v":0,"text":"00000000-0000-0003-0000-000000000004"}})");
  server_.command({"HSET", "{sluice}:members", "tokens:shop", "shop/0000000000000005"});
  server_.command({"HSET", "{sluice}:marks", "token:shop/0000000000000005", "tokens:shop"});
  server_.command({"HSET", "{sluice}:meta", "schema", "1", "readable_by", "1", "history", "7", "revision", "2"});
  StoreNode node(redis_store(settings(), directory_.path()));
  EXPECT_TRUE(node.on_shard(0, [](ConfigFeed& feed) { return feed.current().token({3, 4}) != nullptr; }));
  EXPECT_TRUE(eventually([&] { return server_.command({"HGET", "{sluice}:meta", "readable_by"}).ends_with("2"); }));
  EXPECT_TRUE(node.apply(DeleteChannel{"shop"}).has_value());
  EXPECT_EQ(server_.command({"HLEN", "{sluice}:token"}), ":0");
}

}  // namespace
}  // namespace sluice
