// A connection that breaks while a change is under way: the change is made once, and its answer is the true one.
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "logplex/model/config_error.hpp"
#include "logplex/store/redis/redis_scripts.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/running_shards.hpp"
#include "tests/unit/logplex/store/store_harness.hpp"

namespace sluice {
namespace {

/// Stands between a node and Redis, and breaks the connection that carries the next change: before the server got it,
/// or before the node got the answer.
class LossyProxy {
 public:
  enum Loss { kNone, kRequest, kAnswer };

  explicit LossyProxy(std::uint16_t server) : server_(server), thread_([this] { run(); }) {}
  ~LossyProxy() {
    stop_ = true;
    thread_.join();
  }
  std::string url() const { return "redis://127.0.0.1:" + std::to_string(listener_.port()); }
  void lose(Loss loss) { loss_ = loss; }
  bool lost() const { return loss_ == kNone; }
  /// Nobody gets in while it is closed.
  void close(bool closed) { closed_ = closed; }

 private:
  struct Pair {
    RawClient node;
    RawClient server;
    bool swallow = false;
    bool open = true;
  };

  void run() {
    while (!stop_) {
      std::vector<pollfd> polled{{listener_.fd(), POLLIN, 0}};
      for (auto& pair : pairs_) {
        polled.push_back({pair->node.fd(), POLLIN, 0});
        polled.push_back({pair->server.fd(), POLLIN, 0});
      }
      if (::poll(polled.data(), polled.size(), 20) <= 0) continue;
      for (std::size_t i = 0; i < pairs_.size(); ++i) {
        if (polled[1 + 2 * i].revents != 0) from_node(*pairs_[i]);
        if (pairs_[i]->open && polled[2 + 2 * i].revents != 0) from_server(*pairs_[i]);
      }
      std::erase_if(pairs_, [](const auto& pair) { return !pair->open; });
      if (polled[0].revents == 0) continue;
      auto node = listener_.accept();
      if (!closed_) pairs_.push_back(std::make_unique<Pair>(Pair{std::move(node), RawClient(server_)}));
    }
  }
  void from_node(Pair& pair) {
    const auto bytes = pair.node.read_some();
    const bool change = bytes.find("\"by\":") != std::string::npos;  // the node's other scripts have no name
    const auto loss = change ? loss_.exchange(kNone) : kNone;
    pair.swallow = loss == kAnswer;
    pair.open = !bytes.empty() && loss != kRequest && pair.server.send(bytes);
  }
  void from_server(Pair& pair) {
    const auto bytes = pair.server.read_some();
    pair.open = !bytes.empty() && !pair.swallow && pair.node.send(bytes);
  }

  const std::uint16_t server_;
  RawListener listener_;
  std::vector<std::unique_ptr<Pair>> pairs_;
  std::atomic<Loss> loss_{kNone};
  std::atomic<bool> closed_{false};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

class RedisRetry : public testing::TestWithParam<LossyProxy::Loss> {
 protected:
  static Drain drain_to(const std::string& url) {
    Drain drain;
    drain.url = Secret(url);
    drain.token = {1, static_cast<std::uint64_t>(url.size())};
    return drain;
  }
  std::uint64_t drains() { return drains_of(node_); }
  static std::uint64_t drains_of(StoreNode& node) {
    return node.on_shard(0, [](ConfigFeed& feed) { return feed.current().drain_count(); });
  }

  RedisServer server_;
  LossyProxy proxy_{server_.port()};
  TemporaryDirectory directory_;
  StoreNode node_{redis_store(proxy_.url(), directory_.path())};
};

TEST_P(RedisRetry, change_is_made_once_and_answered) {
  std::string url = "https://logs.example.com/";
  for (std::uint64_t round = 1; round <= 5; ++round) {
    proxy_.lose(GetParam());
    const auto made = node_.apply(CreateDrain{drain_to(url += "x")});
    ASSERT_TRUE(made.has_value()) << made.error().text();
    EXPECT_TRUE(proxy_.lost());
    EXPECT_EQ(made->drain_id, round) << "the id that was given the first time";
    EXPECT_EQ(drains(), round);
  }
  EXPECT_EQ(server_.command({"HGET", "{sluice}:meta", "revision"}), "$1\r\n5");
}

// Many at once on the connection that breaks; which of them the server has seen, nobody knows.
TEST_P(RedisRetry, all_that_were_under_way_are_made_once) {
  std::vector<std::future<result<Applied, Error>>> open;
  proxy_.lose(GetParam());
  for (int i = 0; i < 40; ++i) {
    const auto name = "app-" + std::to_string(i);
    open.push_back(node_.begin(PutApp{name, {name + ".com"}, {}, {}}));
  }
  for (auto& one : open) {
    const auto made = one.get();
    ASSERT_TRUE(made.has_value()) << made.error().text();
    EXPECT_TRUE(made->created);
  }
  EXPECT_EQ(server_.command({"HGET", "{sluice}:meta", "revision"}), "$2\r\n40");
}

// The server, or something between, closes what was open: nobody who asks in that moment is told that Redis is away.
TEST(RedisRetryTest, connections_that_were_closed_are_made_again_meanwhile) {
  const RedisServer server;
  const TemporaryDirectory directory;
  StoreNode node(redis_store(server.url(), directory.path()));
  for (int round = 0; round < 10; ++round) {
    const auto name = "app-" + std::to_string(round);
    ASSERT_NE(server.command({"CLIENT", "KILL", "TYPE", "normal"}), ":0");
    const auto made = node.apply(PutApp{name, {}, {}, {}});
    ASSERT_TRUE(made.has_value()) << made.error().text();
    EXPECT_TRUE(made->created);
    // A refusal needs to know that it rests on the newest, and so needs an answer too.
    server.command({"CLIENT", "KILL", "TYPE", "normal"});
    const auto refused = node.apply(AddDomain{"none", "none.com"});
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code, ConfigError::kNotFound) << refused.error().text();
  }
}

// Redis does not come back in time: the answer says that nobody knows, and only then.
TEST(RedisRetryTest, without_a_connection_the_answer_says_what_is_not_known) {
  const RedisServer server;
  LossyProxy proxy(server.port());
  const TemporaryDirectory directory;
  auto settings = redis_settings(proxy.url());
  settings.write_timeout = std::chrono::seconds(2);
  StoreNode node(redis_store(settings, directory.path()));
  ASSERT_TRUE(node.apply(PutApp{"before", {}, {}, {}}).has_value());
  proxy.close(true);
  proxy.lose(LossyProxy::kAnswer);
  const auto unknown = node.apply(PutApp{"while", {}, {}, {}});
  ASSERT_TRUE(unknown.has_error());
  EXPECT_EQ(unknown.error().code, ConfigError::kUnavailable);
  EXPECT_NE(unknown.error().message.find("did not say whether"), std::string::npos) << unknown.error().message;
  const auto refused = node.apply(PutApp{"later", {}, {}, {}});
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().message.find("did not say whether"), std::string::npos) << refused.error().message;
  proxy.close(false);
  EXPECT_TRUE(eventually([&] { return node.store().status().up_to_date; }));
  EXPECT_TRUE(node.on_shard(0, [](ConfigFeed& feed) { return feed.current().app("while") != nullptr; }));
}

INSTANTIATE_TEST_SUITE_P(Losses, RedisRetry, testing::Values(LossyProxy::kRequest, LossyProxy::kAnswer),
                         [](const auto& loss) { return loss.param == LossyProxy::kRequest ? "request" : "answer"; });

}  // namespace
}  // namespace sluice
