#include "logplex/net/listener.hpp"

#include <sys/resource.h>
#include <sys/socket.h>

#include <cstdlib>
#include <set>

#include <gtest/gtest.h>

#include "logplex/base/metrics.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/running_shards.hpp"

namespace sluice {
namespace {

/// Keeps every connection and writes its shard's number into it.
struct Keeper final : ConnectionHandler {
  explicit Keeper(std::uint32_t id) : shard(id) {}
  void on_accepted(int fd, const Peer& peer, ConnectionTicket ticket) override {
    EXPECT_EQ(Shard::current().id(), shard);
    EXPECT_TRUE(peer.address.is_loopback());
    const char number = static_cast<char>('0' + shard);
    EXPECT_EQ(::send(fd, &number, 1, MSG_NOSIGNAL), 1);
    open.emplace_back(UniqueFd(fd), std::move(ticket));
  }
  const std::uint32_t shard;
  std::vector<std::pair<UniqueFd, ConnectionTicket>> open;
};

struct Listening {
  explicit Listening(std::uint32_t count, std::uint64_t limit, const char* addresses = "127.0.0.1:0") : shards(count) {
    for (std::uint32_t id = 0; id < count; ++id) keepers.push_back(std::make_unique<Keeper>(id));
    const auto opened = table.open("test.listen", addresses, limit);
    EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().message);
    table.handle("test.listen", handlers());
    table.start();
    shards.start();
  }
  ~Listening() {
    shards.await(0, table.stop_accepting());
    shards.stop();
  }
  std::vector<ConnectionHandler*> handlers() {
    std::vector<ConnectionHandler*> all;
    for (auto& keeper : keepers) all.push_back(keeper.get());
    return all;
  }
  std::uint16_t port(std::size_t i = 0) { return table.ports().at("test.listen").at(i); }
  std::string metrics() {
    MetricsPage page;
    table.add_metrics(page);
    return page.text();
  }

  RunningShards shards;
  ListenerTable table{shards.runtime};
  std::vector<std::unique_ptr<Keeper>> keepers;
};

TEST(ListenerTable, shares_connections_out_evenly) {
  Listening listening(3, 1000);
  std::vector<RawClient> clients;
  std::array<int, 3> on{};
  for (int i = 0; i < 90; ++i) {
    clients.emplace_back(listening.port());
    const auto number = clients.back().read_bytes(1);
    ASSERT_EQ(number.size(), 1u);
    ++on[static_cast<std::size_t>(number[0] - '0')];
  }
  // Two choices keep the loads within a few connections of each other.
  for (const int count : on) EXPECT_NEAR(count, 30, 6);
}

TEST(ListenerTable, closes_what_exceeds_the_limit_until_one_leaves) {
  Listening listening(2, 3);
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(listening.port());
    EXPECT_EQ(clients.back().read_bytes(1).size(), 1u);
  }
  RawClient refused(listening.port());
  EXPECT_EQ(refused.read_some(), "");
  EXPECT_NE(
      listening.metrics().find("sluice_listener_refused_total{listener=\"test.listen\",reason=\"max_connections\"} 1"),
      std::string::npos);
  EXPECT_NE(listening.metrics().find("sluice_listener_connections{listener=\"test.listen\"} 3"), std::string::npos);
  for (std::uint32_t id = 0; id < 2; ++id) listening.shards.on(id, [&] { listening.keepers[id]->open.clear(); });
  RawClient again(listening.port());
  EXPECT_EQ(again.read_bytes(1).size(), 1u);
}

TEST(ListenerTable, while_it_is_full_for_a_moment_connections_wait) {
  Listening listening(1, 3);
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(listening.port());
    EXPECT_EQ(clients.back().read_bytes(1).size(), 1u);
  }
  RawClient waiting(listening.port());
  for (int turns = 0; turns < 10; ++turns) listening.shards.on(0, [] {});
  listening.shards.on(0, [&] { listening.keepers[0]->open.pop_back(); });
  EXPECT_EQ(waiting.read_bytes(1).size(), 1u);
  EXPECT_NE(
      listening.metrics().find("sluice_listener_refused_total{listener=\"test.listen\",reason=\"max_connections\"} 0"),
      std::string::npos);
}

/// Within an instant: the clock stands still.
TEST(ListenerTable, a_place_that_is_given_up_is_taken_at_once) {
  ManualClock clock;
  Runtime runtime(1, clock);
  Shard& shard = runtime.shard(0);
  const auto turns = [&shard] {
    for (int i = 0; i < 20; ++i) shard.turn();
  };
  Keeper keeper(0);
  ListenerTable table(runtime);
  ASSERT_TRUE(table.open("test.listen", "127.0.0.1:0", 2).has_value());
  table.handle("test.listen", {&keeper});
  table.start();
  turns();
  std::vector<RawClient> clients;
  for (int i = 0; i < 12; ++i) clients.emplace_back(table.ports().at("test.listen").at(0));
  for (int left = 12; left > 0; left -= 2) {
    turns();
    EXPECT_EQ(keeper.open.size(), 2U) << left;
    keeper.open.clear();
  }
  turns();
  EXPECT_EQ(keeper.open.size(), 0U);
  const ShardScope scope(shard);
  keeper.open.clear();
}

/// Handlers of Asio that never end.
void keep_busy(Shard& shard) {
  asio::post(shard.io(), [&shard] { keep_busy(shard); });
}

TEST(ListenerTable, each_turn_accepts_also_when_asio_has_much_to_do) {
  SystemClock clock;
  Runtime runtime(1, clock);
  ListenerTable table(runtime);
  Keeper keeper(0);
  ASSERT_TRUE(table.open("test.listen", "127.0.0.1:0", 1000).has_value());
  table.handle("test.listen", {&keeper});
  table.start();
  Shard& shard = runtime.shard(0);
  while (shard.turn()) {
  }
  for (int i = 0; i < 10'000; ++i) keep_busy(shard);
  std::vector<RawClient> clients;
  for (int i = 0; i < 80; ++i) clients.emplace_back(table.ports().at("test.listen").at(0));
  for (const std::size_t taken : {32U, 64U, 80U}) {
    shard.turn();
    EXPECT_EQ(keeper.open.size(), taken);
  }
}

/// Ten places, at most `most` for an address; true when a new connection is served.
struct LimitedAddresses {
  explicit LimitedAddresses(std::uint64_t limit, std::uint64_t most, ListenerTable::Exempt exempt = {}) {
    EXPECT_TRUE(table.open("test.listen", "127.0.0.1:0", limit).has_value());
    table.limit_addresses("test.listen", most, std::move(exempt));
    table.handle("test.listen", {&keeper});
    table.start();
    shards.start();
  }
  ~LimitedAddresses() {
    shards.await(0, table.stop_accepting());
    shards.stop();
  }
  bool connect() {
    clients.emplace_back(table.ports().at("test.listen").at(0));
    return !clients.back().read_some().empty();
  }
  std::string metrics() {
    MetricsPage page;
    table.add_metrics(page);
    return page.text();
  }

  RunningShards shards;
  ListenerTable table{shards.runtime};
  Keeper keeper{0};
  std::vector<RawClient> clients;
};

TEST(ListenerTable, an_address_has_at_most_its_share) {
  LimitedAddresses listening(100, 3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(listening.connect());
  EXPECT_FALSE(listening.connect());
  EXPECT_NE(listening.metrics().find("refused_total{listener=\"test.listen\",reason=\"address\"} 1"),
            std::string::npos);
  listening.shards.on(0, [&] { listening.keeper.open.pop_back(); });
  EXPECT_TRUE(listening.connect());
}

TEST(ListenerTable, without_a_number_an_address_is_limited_only_when_the_listener_is_nearly_full) {
  LimitedAddresses listening(32, 0);
  int served = 0;
  while (listening.connect()) ++served;
  EXPECT_EQ(served, 28);
}

TEST(ListenerTable, exempt_addresses_have_no_share) {
  LimitedAddresses listening(100, 1, [](const asio::ip::address& address) { return address.is_loopback(); });
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(listening.connect());
}

TEST(ListenerTable, addresses_are_counted_by_what_one_person_has) {
  const auto key = [](const char* text) { return address_key(asio::ip::make_address(text)); };
  EXPECT_EQ(key("::ffff:192.0.2.1"), key("192.0.2.1"));
  EXPECT_NE(key("192.0.2.2"), key("192.0.2.1"));
  EXPECT_EQ(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
  EXPECT_NE(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
}

TEST(ListenerTable, lists_of_addresses_and_ports_json) {
  Listening listening(1, 10, "127.0.0.1:0, [::1]:0,*:0");
  const auto ports = listening.table.ports().at("test.listen");
  ASSERT_EQ(ports.size(), 3u);
  EXPECT_EQ(std::set<int>(ports.begin(), ports.end()).size(), 3u);
  EXPECT_EQ(listening.table.ports_json().rfind("{\"test.listen\": [" + std::to_string(ports[0]) + ", ", 0), 0u);
  EXPECT_EQ(RawClient(ports[2]).read_bytes(1), "0");
}

TEST(ListenerTable, errors_name_setting_and_address) {
  RunningShards shards;
  ListenerTable table(shards.runtime);
  const RawListener taken;
  const std::string address = "127.0.0.1:" + std::to_string(taken.port());
  for (const std::string& bad :
       {address, std::string("127.0.0.1"), std::string("192.0.2.1:0"), std::string("1.2.3.4:99999")}) {
    const auto opened = table.open("api.listen", bad, 1);
    ASSERT_FALSE(opened.has_value()) << bad;
    EXPECT_NE(opened.error().message.find("api.listen"), std::string::npos);
    EXPECT_NE(opened.error().message.find("'" + bad + "'"), std::string::npos) << opened.error().message;
  }
  EXPECT_TRUE(table.open("api.listen", "", 1).has_value());
  EXPECT_FALSE(table.has("api.listen"));
}

TEST(ListenerTable, stop_accepting_refuses_new_connections) {
  Listening listening(2, 10);
  RawClient before(listening.port());
  EXPECT_EQ(before.read_bytes(1).size(), 1u);
  listening.shards.await(1, listening.table.stop_accepting());
  RawClient after(listening.port());
  EXPECT_TRUE(after.fd() < 0 || after.read_some().empty());
}

TEST(ListenerTable, adopts_inherited_sockets_by_name) {
  RunningShards shards;
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(::listen(fd, 8), 0);
  InheritedListeners inherited;
  inherited.fds.emplace("router.http", fd);
  inherited.fds.emplace("router.htpp", ::dup(fd));
  ListenerTable table(shards.runtime, std::move(inherited));
  ASSERT_TRUE(table.open("router.http", "127.0.0.1:1", 5).has_value());
  EXPECT_NE(table.ports().at("router.http").at(0), 1);
  const auto left = table.check_inherited();
  ASSERT_FALSE(left.has_value());
  EXPECT_NE(left.error().message.find("router.htpp"), std::string::npos);
}

TEST(InheritedListeners, reads_systemds_variables) {
  ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  ::setenv("LISTEN_FDS", "x", 1);
  EXPECT_FALSE(InheritedListeners::from_environment().has_value());
  ::setenv("LISTEN_FDS", "2", 1);
  ::setenv("LISTEN_FDNAMES", "a", 1);
  EXPECT_FALSE(InheritedListeners::from_environment().has_value());
  ::setenv("LISTEN_PID", "1", 1);
  EXPECT_TRUE(InheritedListeners::from_environment()->fds.empty());
  ::unsetenv("LISTEN_PID");
  ::unsetenv("LISTEN_FDS");
  ::unsetenv("LISTEN_FDNAMES");
}

TEST(ListenerTable, out_of_descriptors_pauses_and_recovers) {
  Listening listening(1, 100);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  RawClient client(listening.port());
  EXPECT_EQ(client.read_bytes(1).size(), 1u);
  std::vector<UniqueFd> hoard;
  UniqueFd waiting(::socket(AF_INET, SOCK_STREAM, 0));
  const rlimit tight{static_cast<rlim_t>(waiting.fd() + 8), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  for (int fd = ::dup(waiting.fd()); fd >= 0; fd = ::dup(waiting.fd())) hoard.emplace_back(fd);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(listening.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(waiting.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const auto paused = [&] {
    return listening.metrics().find("sluice_listener_pauses_total{listener=\"test.listen\"} 0") == std::string::npos;
  };
  EXPECT_TRUE(eventually(paused));
  hoard.clear();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  RawClient late(std::move(waiting));
  EXPECT_EQ(late.read_bytes(1).size(), 1u);
}

}  // namespace
}  // namespace sluice
