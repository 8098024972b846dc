// A hundred nodes' worth of clients lose a real server at the same moment and find it again.
#include <algorithm>
#include <cstdio>
#include <mutex>

#include <gtest/gtest.h>

#include "logplex/store/redis/redis_follower.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/running_shards.hpp"
#include "tests/unit/logplex/store/store_harness.hpp"

namespace sluice {
namespace {

using Instant = std::chrono::steady_clock::time_point;

/// What a node has of Redis, without the rest of the node. Lives on the shard.
class Client final : public RedisFollower::Observer {
 public:
  Client(Gate& gate, Dialer& dialer, const RedisTarget& target, const FollowSettings& settings)
      : follower_(gate, dialer, target, settings, replica_, *this) {
    gate.spawn(follower_.run());
  }
  void on_replica(ChangedKeys, std::vector<Effect>) override {}
  void on_state() override {
    const bool now = follower_.state() == RedisState::kUpToDate;
    if (now && !there_) came_ = std::chrono::steady_clock::now();
    if (!now && there_) ++losses_;
    there_ = now;
  }
  bool there() const { return there_; }
  int losses() const { return losses_; }
  Instant came() const { return came_; }
  std::uint64_t attempts() const { return follower_.counters().connects + follower_.counters().failed_connects; }
  void reconnect() { follower_.reconnect(); }

 private:
  RedisReplica replica_{EntryLoader("test"), 0};
  RedisFollower follower_;
  bool there_ = false;
  int losses_ = 0;
  Instant came_;
};

constexpr std::size_t kClients = 100;

TEST(RedisHerd, a_hundred_clients_come_back_spread_out) {
  RedisServer server;
  RunningShards shards;
  shards.start();
  Resolver resolver;
  const auto guard = AddressGuard::parse({"127.0.0.0/8"}).value();
  const RedisTarget target{parse_redis_url(server.url()).value(), nullptr};
  const FollowSettings settings{std::chrono::seconds(2), std::chrono::hours(1), std::chrono::seconds(30), 50};
  std::unique_ptr<Gate> gate;
  std::unique_ptr<Dialer> dialer;
  std::vector<std::unique_ptr<Client>> clients;
  shards.on(0, [&] {
    gate = std::make_unique<Gate>(shards.runtime.shard(0), "test");
    dialer = std::make_unique<Dialer>(shards.runtime.shard(0), resolver, guard);
    for (std::size_t i = 0; i < kClients; ++i)
      clients.push_back(std::make_unique<Client>(*gate, *dialer, target, settings));
  });
  const auto all = [&](auto property) {
    return shards.on(0, [&] { return std::all_of(clients.begin(), clients.end(), property); });
  };
  ASSERT_TRUE(eventually([&] { return all([](const auto& client) { return client->there(); }); }));

  // Long enough for pauses to have grown.
  constexpr std::chrono::milliseconds kOutage{2500};
  const auto before = shards.on(0, [&] {
    std::uint64_t attempts = 0;
    for (const auto& client : clients) attempts += client->attempts();
    return attempts;
  });
  server.kill();
  std::this_thread::sleep_for(kOutage);
  EXPECT_TRUE(all([](const auto& client) { return !client->there(); }));
  const auto tried = shards.on(0, [&] {
    std::uint64_t attempts = 0;
    for (const auto& client : clients) attempts += client->attempts();
    return attempts;
  });
  server.start();
  const auto back = std::chrono::steady_clock::now();
  ASSERT_TRUE(eventually([&] { return all([](const auto& client) { return client->there(); }); }));
  std::vector<std::size_t> arrivals(60);  // tenths of a second
  shards.on(0, [&] {
    for (const auto& client : clients) {
      const auto tenth = std::max<std::int64_t>(0, (client->came() - back) / std::chrono::milliseconds(100));
      ++arrivals[std::min<std::size_t>(static_cast<std::size_t>(tenth), arrivals.size() - 1)];
    }
    gate->stop();
    for (auto& client : clients) client->reconnect();
  });
  EXPECT_TRUE(eventually([&] { return shards.on(0, [&] { return gate->running() == 0; }); }));
  shards.stop();
  const auto most = *std::max_element(arrivals.begin(), arrivals.end());
  std::printf("%zu clients, %.1f attempts each in %d ms without a server; most in a tenth of a second: %zu\n", kClients,
              static_cast<double>(tried - before) / kClients, static_cast<int>(kOutage.count()), most);
  EXPECT_LE(most, kClients / 5);
  EXPECT_LE(tried - before, kClients * 20);
  // Nobody had to be told twice: the server has seen two connections of each, and those of the test itself.
  const auto info = server.command({"INFO", "stats"});
  const auto at = info.find("total_connections_received:");
  ASSERT_NE(at, std::string::npos);
  EXPECT_LE(std::stoul(info.substr(at + 27)), 2 * kClients + 50);
}

}  // namespace
}  // namespace sluice
