// Entries that claim the same, written around the API: every node chooses the same one, in whatever order it read them.
#include <gtest/gtest.h>

#include "logplex/store/redis/redis_scripts.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/running_shards.hpp"
#include "tests/unit/logplex/store/store_harness.hpp"

namespace sluice {
namespace {

constexpr const char* kAppValue = R"({"v":1,"domains":["same.com"]})";
constexpr const char* kTokenValue =
    R"({"v":1,"name":"app","value":{"v":0,"text":"00000000-0000-0003-0000-000000000004"}})";

/// The parameter: which of two entries comes first.
class RedisContest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(node_.apply(PutChannel{"shop", {}, {}, {}}).has_value());
    names_ = {"a", "b"};
    ids_ = {"0000000000000001", "0000000000000002"};
    if (!GetParam()) return;
    std::swap(names_[0], names_[1]);
    std::swap(ids_[0], ids_[1]);
  }
  static StoreSettings settings(const RedisServer& server) {
    auto settings = redis_settings(server.url());
    settings.verify_interval = std::chrono::milliseconds(200);
    return settings;
  }
  /// A change that claims nothing, as no node sends it: it comes by the stream with a right sum.
  void run(const char* script, const char* member, const std::string& key, std::string value) const {
    for (std::size_t at = 0; (at = value.find('"', at)) != std::string::npos; at += 2) value.insert(at, "\\");
    const auto history = server_.command({"HGET", redis_keys()[kMetaKey], "history"});
    std::vector<std::string> command{"EVAL", redis_script(script).text, std::to_string(redis_keys().size())};
    command.insert(command.end(), redis_keys().begin(), redis_keys().end());
    command.push_back(R"({"history":")" + history.substr(history.find('\n') + 1) + R"(","keep":"100",")" + member +
                      R"(":{"key":")" + key + R"(","value":")" + value + R"("}})");
    const auto answer = server_.command(command);
    ASSERT_NE(answer.find("ok"), std::string::npos) << answer;
  }
  static std::string owner(StoreNode& node) {
    return node.on_shard(1, [](ConfigFeed& feed) {
      const auto* app = feed.current().owner_of_domain("same.com");
      return app == nullptr ? std::string() : app->app.name;
    });
  }
  static std::uint64_t token_id(StoreNode& node) {
    return node.on_shard(1, [](ConfigFeed& feed) {
      const auto* token = feed.current().token({3, 4});
      return token == nullptr ? std::uint64_t{0} : token->token.id;
    });
  }
  static bool is(StoreNode& node, const std::string& app, std::uint64_t token, std::uint64_t quarantined) {
    return eventually([&] {
      return owner(node) == app && token_id(node) == token && node.store().status().quarantined_count == quarantined;
    });
  }
  /// The first goes, and the second comes into force; and back again.
  void check(StoreNode& node) {
    EXPECT_TRUE(is(node, "a", 1, 2)) << owner(node) << token_id(node);
    const TemporaryDirectory directory;
    StoreNode fresh(redis_store(settings(server_), directory.path()));
    EXPECT_TRUE(is(fresh, "a", 1, 2)) << owner(fresh) << token_id(fresh);
    ASSERT_TRUE(fresh.apply(DeleteApp{"a"}).has_value());
    ASSERT_TRUE(fresh.apply(RevokeToken{"shop", 1}).has_value());
    EXPECT_TRUE(is(node, "b", 2, 0)) << owner(node) << token_id(node);
    EXPECT_TRUE(is(fresh, "b", 2, 0)) << owner(fresh) << token_id(fresh);
    put_back();
    EXPECT_TRUE(is(node, "a", 1, 2)) << owner(node) << token_id(node);
    EXPECT_TRUE(is(fresh, "a", 1, 2)) << owner(fresh) << token_id(fresh);
  }
  void put_back() const {
    run("put_app", "app", "a", kAppValue);
    run("create_token", "token", "shop/0000000000000001", kTokenValue);
  }

  const RedisServer server_;
  TemporaryDirectory directory_;
  StoreNode node_{redis_store(redis_settings(server_.url()), directory_.path())};
  std::vector<std::string> names_;
  std::vector<std::string> ids_;
};

TEST_P(RedisContest, by_the_stream) {
  for (const auto& name : names_) run("put_app", "app", name, kAppValue);
  for (const auto& id : ids_) run("create_token", "token", "shop/" + id, kTokenValue);
  check(node_);
}

TEST_P(RedisContest, by_reading_everything) {
  const TemporaryDirectory directory;
  StoreNode node(redis_store(settings(server_), directory.path()));
  const auto put = [&](EntryKind kind, const std::string& key, const char* value) {
    const auto& hash = redis_keys()[kFirstKindKey + static_cast<std::size_t>(kind)];
    ASSERT_EQ(server_.command({"HSET", hash, key, value}), ":1");
  };
  for (const auto& name : names_) {
    put(EntryKind::kApp, name, kAppValue);
    ASSERT_TRUE(eventually([&] { return !owner(node).empty(); }));
  }
  for (const auto& id : ids_) {
    put(EntryKind::kToken, "shop/" + id, kTokenValue);
    ASSERT_TRUE(eventually([&] { return token_id(node) != 0; }));
  }
  check(node);
}

INSTANTIATE_TEST_SUITE_P(BothOrders, RedisContest, testing::Bool());

}  // namespace
}  // namespace sluice
