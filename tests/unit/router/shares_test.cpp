#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/router/proxy_harness.hpp"

namespace sluice::router {
namespace {

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";
constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

Backend backend(const ScriptedListener& listener, std::uint32_t hard = 0, const std::string& name = "web.1") {
  Backend b;
  b.name = name;
  b.address = listener.address();
  b.hard = hard;
  return b;
}

TEST(SharedCount, never_exceeds_its_limit) {
  SharedCount count;
  std::atomic<std::uint64_t> peak{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 20000; ++round) {
        if (!count.try_take(3)) continue;
        if (const std::uint64_t now = count.count(); now > peak) peak = now;
        count.give_back();
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_LE(peak, 3u);
  EXPECT_EQ(count.count(), 0u);
}

TEST(SharedCounts, are_the_same_for_all_and_go_with_the_last) {
  SharedCounts<AppSlot> counts;
  auto one = counts.of({7});
  auto two = counts.of({7});
  EXPECT_EQ(one, two);
  EXPECT_NE(one, counts.of({8}));
  one->add(5);
  one.reset();
  EXPECT_EQ(two->count(), 5u);
  two.reset();
  for (std::uint32_t other = 100; other < 200; ++other) counts.of({other});
  EXPECT_EQ(counts.of({7})->count(), 0u);
}

/// A harness and a second proxy, as another shard of the same process would be.
struct TwoProxies : ProxyHarness {
  explicit TwoProxies(LimitSettings limits = limit_settings()) : ProxyHarness(router_settings(), limits) {}
  ScriptedSocket connect_to_other() {
    std::swap(proxy, other);
    ScriptedSocket client = connect();
    std::swap(proxy, other);
    return client;
  }
  ~TwoProxies() { other.reset(); }
  std::unique_ptr<ProxyShard> other =
      std::make_unique<ProxyShard>(runtime.shard(0), settings, *feed, outlet, resolver, shares);
  ScriptedListener web{*this};
};

void expect_refused(TwoProxies& p, ScriptedSocket& client, const std::string& code) {
  client.send(kGet);
  const std::string page = client.read_to_end();
  EXPECT_TRUE(page.starts_with("HTTP/1.1 503 ")) << page;
  EXPECT_NE(page.find("\r\nRetry-After: 1\r\n"), std::string::npos) << page;
  EXPECT_EQ(p.field(p.line(), "code"), code);
}

TEST(RouterShares, a_hard_limit_is_that_of_all_shards) {
  TwoProxies p;
  p.set_app({backend(p.web, 1)});
  ScriptedSocket first = p.connect();
  ScriptedSocket second = p.connect_to_other();
  first.send(kGet);
  ScriptedSocket web = p.web.accept();
  web.read_until("\r\n\r\n");
  expect_refused(p, second, "H11");
  web.send(kHello);
  first.read_message();
  p.line();
  ScriptedSocket third = p.connect_to_other();
  third.send(kGet);
  p.web.accept().read_until("\r\n\r\n");
}

TEST(RouterShares, a_limit_that_comes_counts_what_is_under_way) {
  TwoProxies p;
  p.set_app({backend(p.web)});
  ScriptedSocket first = p.connect();
  first.send(kGet);
  ScriptedSocket web = p.web.accept();
  web.read_until("\r\n\r\n");
  p.set_app({backend(p.web, 1)});
  ScriptedSocket second = p.connect_to_other();
  expect_refused(p, second, "H11");
  p.set_app({backend(p.web)});
  ScriptedSocket third = p.connect_to_other();
  third.send(kGet);
  ScriptedSocket third_web = p.web.accept();
  third_web.read_until("\r\n\r\n");
  p.set_app({backend(p.web, 3)});
  web.send(kHello);
  first.read_message();
  EXPECT_EQ(p.shares.backend_requests.of(p.feed->current().app("app")->backends[0])->count(), 1u);
}

TEST(RouterShares, an_app_has_only_so_many_requests_at_once) {
  LimitSettings limits = limit_settings();
  limits.app_requests = 2;
  TwoProxies p(limits);
  p.set_app({backend(p.web)});
  std::vector<ScriptedSocket> clients;
  std::vector<ScriptedSocket> webs;
  for (int i = 0; i < 2; ++i) {
    clients.push_back(i == 0 ? p.connect() : p.connect_to_other());
    clients.back().send(kGet);
    webs.push_back(p.web.accept());
    webs.back().read_until("\r\n\r\n");
  }
  ScriptedSocket third = p.connect();
  third.send(kGet);
  EXPECT_TRUE(third.read_to_end().starts_with("HTTP/1.1 503 "));
  const std::string line = p.line();
  EXPECT_TRUE(line.starts_with("at=error code=H11 desc=\"Backlog too deep\" cause=\"app requests\"")) << line;
  webs[0].send(kHello);
  clients[0].read_message();
  p.line();
  clients[0].send(kGet);
  webs[0].read_until("\r\n\r\n");
}

TEST(RouterShares, an_app_has_only_so_many_client_connections) {
  LimitSettings limits = limit_settings();
  limits.app_connections = 2;
  TwoProxies p(limits);
  p.set_app({backend(p.web)});
  ScriptedSocket first = p.connect();
  first.send(kGet);
  ScriptedSocket web = p.web.accept();
  web.read_until("\r\n\r\n");
  web.send(kHello);
  first.read_message();
  p.line();
  ScriptedSocket second = p.connect_to_other();
  second.send(kGet);
  ScriptedSocket other_web = p.web.accept();
  other_web.read_until("\r\n\r\n");
  other_web.send(kHello);
  second.read_message();
  p.line();
  ScriptedSocket third = p.connect();
  expect_refused(p, third, "H22");
  // Those that are there are served further, and one that goes makes room.
  first.send(kGet);
  web.read_until("\r\n\r\n");
  web.send(kHello);
  first.read_message();
  p.line();
  second.close();
  p.settle();
  ScriptedSocket fourth = p.connect_to_other();
  fourth.send(kGet);
  other_web.read_until("\r\n\r\n");
}

TEST(RouterShares, idle_backend_connections_of_an_app_and_of_a_shard_are_limited) {
  for (const bool of_app : {true, false}) {
    LimitSettings limits = limit_settings();
    (of_app ? limits.app_idle_backends : limits.idle_backends) = 2;
    TwoProxies p(limits);
    ScriptedListener more(p);
    Features in_turn;
    in_turn.balance = Balance::kRoundRobin;
    p.set_app({backend(p.web), backend(more, 0, "web.2")}, in_turn);
    std::vector<ScriptedSocket> clients;
    std::vector<ScriptedSocket> webs;
    for (int i = 0; i < 4; ++i) {
      clients.push_back(p.connect());
      clients.back().send(kGet);
      webs.push_back((i % 2 == 0 ? p.web : more).accept());
      webs.back().read_until("\r\n\r\n");
    }
    for (std::size_t i = 0; i < 4; ++i) {
      webs[i].send(kHello);
      clients[i].read_message();
    }
    EXPECT_EQ(p.proxy->table().idle_connections(), 2u);
    EXPECT_TRUE(webs[2].is_closed());
    EXPECT_TRUE(webs[3].is_closed());
    webs[0].close();
    EXPECT_TRUE(p.until([&] { return p.proxy->table().idle_connections() == 1; }));
    p.remove_app();
    EXPECT_EQ(p.proxy->table().idle_connections(), 0u);
  }
}

}  // namespace
}  // namespace sluice::router
