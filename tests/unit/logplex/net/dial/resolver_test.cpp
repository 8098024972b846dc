#include "logplex/net/dial/resolver.hpp"

#include <gtest/gtest.h>

#include "tests/support/dns_server.hpp"
#include "tests/support/running_shards.hpp"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Found = result<Resolver::Addresses, Error>;

DnsScript address(const std::string& v4, std::uint32_t ttl = 60) {
  DnsScript script;
  script.v4 = {v4};
  script.ttl = ttl;
  return script;
}

DnsScript silence() {
  DnsScript script;
  script.silent = true;
  return script;
}

class ResolverTest : public ::testing::Test {
 protected:
  ResolverTest() : resolver(options()) { shards.start(); }
  ~ResolverTest() override { shards.stop(); }

  ResolverOptions options() const {
    ResolverOptions made;
    made.servers = {server.address()};
    return made;
  }
  Found resolve(const std::string& host, Duration timeout = seconds(5), const std::string& owner = "x",
                bool anew = false) {
    NameQuery query{host, owner, timeout, anew};
    return shards.await(0, resolver.resolve(std::move(query)));
  }
  std::string first(const Found& found) { return found ? found->front().to_string() : found.error().text(); }
  double metric(const std::string& sample) {
    MetricsPage page;
    resolver.add_metrics(page);
    const std::string text = page.text();
    const auto at = text.find("\n" + sample + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + sample.size() + 2));
  }

  DnsServer server;
  RunningShards shards;
  Resolver resolver;
};

TEST_F(ResolverTest, literals_and_localhost_ask_nobody) {
  EXPECT_EQ(first(resolve("192.0.2.7")), "192.0.2.7");
  EXPECT_EQ(first(resolve("[2001:db8::1]")), "2001:db8::1");
  for (const char* name : {"localhost", "LOCALHOST", "shop.localhost"}) {
    const auto found = resolve(name);
    ASSERT_TRUE(found) << name;
    EXPECT_TRUE(found->front().is_loopback()) << name;
  }
  EXPECT_EQ(server.asked("localhost"), 0);
  EXPECT_EQ(server.asked("shop.localhost"), 0);
}

TEST_F(ResolverTest, an_answer_is_used_again_whatever_the_case) {
  server.say("a.test", address("192.0.2.1"));
  EXPECT_EQ(first(resolve("a.test")), "192.0.2.1");
  EXPECT_EQ(first(resolve("A.Test")), "192.0.2.1");
  EXPECT_EQ(server.asked("a.test"), 2);  // A and AAAA, once each
  EXPECT_EQ(metric("sluice_name_cache_hits_total{user=\"names\"}"), 1);
  EXPECT_EQ(metric("sluice_name_look_ups_total{user=\"names\"}"), 1);
}

TEST_F(ResolverTest, unknown_names_and_names_without_address_are_told_from_silence) {
  server.say("empty.test", {});
  server.say("silent.test", silence());
  DnsScript broken;
  broken.rcode = 2;
  server.say("broken.test", broken);
  EXPECT_EQ(resolve("gone.test").error().code, NetError::kNoSuchHost);
  EXPECT_EQ(resolve("empty.test").error().code, NetError::kNoSuchHost);
  EXPECT_EQ(resolve("silent.test", milliseconds(200)).error().code, NetError::kDnsTimeout);
  EXPECT_EQ(resolve("broken.test").error().code, NetError::kDnsTimeout);
  EXPECT_EQ(resolve(std::string(300, 'a')).error().code, NetError::kNoSuchHost);
  EXPECT_EQ(resolve("").error().code, NetError::kNoSuchHost);
  const int asked = server.asked("gone.test");
  EXPECT_EQ(resolve("gone.test").error().code, NetError::kNoSuchHost);
  EXPECT_EQ(server.asked("gone.test"), asked);
}

TEST_F(ResolverTest, a_server_that_ignores_aaaa_costs_a_moment_only) {
  DnsScript script = address("192.0.2.1");
  script.silent_v6 = true;
  server.say("old.test", script);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(first(resolve("old.test")), "192.0.2.1");
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(1));
}

TEST_F(ResolverTest, a_cut_answer_is_fetched_over_tcp_and_its_addresses_are_bounded) {
  DnsScript script;
  for (int i = 0; i < 3000; ++i)
    script.v4.push_back("10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) + "." +
                        std::to_string(i % 256));
  script.cut_on_udp = true;
  server.say("many.test", script);
  const auto found = resolve("many.test");
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->size(), DnsLookUp::kMostAddresses);
  EXPECT_GT(server.asked_over_tcp(), 0);
}

TEST_F(ResolverTest, an_answer_with_another_id_is_not_taken) {
  DnsScript script = address("192.0.2.1");
  script.forged_first = true;
  server.say("a.test", script);
  EXPECT_EQ(first(resolve("a.test")), "192.0.2.1");
}

TEST_F(ResolverTest, an_alias_is_followed_and_its_ttl_counts) {
  DnsScript script = address("192.0.2.1", 0x7fffffff);
  script.alias = "real.test";
  server.say("a.test", script);
  EXPECT_EQ(first(resolve("a.test")), "192.0.2.1");
  DnsScript loop;
  loop.alias = "loop.test";
  server.say("loop.test", loop);
  EXPECT_TRUE(resolve("loop.test").has_error());
}

TEST_F(ResolverTest, a_silent_zone_of_one_owner_delays_no_other) {
  for (int i = 0; i < 30; ++i) server.say("s" + std::to_string(i) + ".test", silence());
  server.say("good.test", address("192.0.2.1"));
  std::vector<std::unique_ptr<Gate>> gates;
  shards.on(0, [&] {
    gates.push_back(std::make_unique<Gate>(shards.runtime.shard(0), "test"));
    struct Ignore {
      static Task<void> run(Resolver& resolver, std::string host) {
        NameQuery query{std::move(host), "dead", seconds(2), false};
        co_await resolver.resolve(std::move(query));
      }
    };
    for (int i = 0; i < 30; ++i) gates[0]->spawn(Ignore::run(resolver, "s" + std::to_string(i) + ".test"));
  });
  EXPECT_TRUE(eventually([&] { return metric("sluice_names_under_way{user=\"names\"}") == 4; }));
  EXPECT_EQ(metric("sluice_names_waiting{user=\"names\"}"), 26);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(first(resolve("good.test", seconds(1), "other")), "192.0.2.1");
  EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(800));
  // The name that stands in the dead owner's queue is looked up for the other one at once.
  server.say("s29.test", address("192.0.2.2"));
  EXPECT_EQ(first(resolve("s29.test", seconds(1), "other")), "192.0.2.2");
  EXPECT_TRUE(eventually([&] { return shards.on(0, [&] { return gates[0]->running() == 0; }); }));
  shards.on(0, [&] { gates.clear(); });
}

TEST_F(ResolverTest, a_name_is_looked_up_once_at_a_time) {
  server.say("s.test", silence());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(resolve("s.test", milliseconds(50)).error().code, NetError::kDnsTimeout);
  EXPECT_EQ(metric("sluice_name_look_ups_total{user=\"names\"}"), 1);
}

TEST_F(ResolverTest, old_addresses_are_served_while_the_server_is_silent) {
  server.say("a.test", address("192.0.2.1", 0));
  EXPECT_EQ(first(resolve("a.test")), "192.0.2.1");
  server.say("a.test", silence());
  std::this_thread::sleep_for(milliseconds(1100));
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(first(resolve("a.test")), "192.0.2.1");
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(2));
  EXPECT_EQ(metric("sluice_name_stale_total{user=\"names\"}"), 1);
  // Whoever asks anew is told of the old ones, too: there are no others.
  EXPECT_EQ(first(resolve("a.test", seconds(5), "x", true)), "192.0.2.1");
}

TEST_F(ResolverTest, who_asks_anew_gets_what_has_changed) {
  server.say("a.test", address("192.0.2.1", 300));
  EXPECT_EQ(first(resolve("a.test")), "192.0.2.1");
  server.say("a.test", address("192.0.2.2", 300));
  EXPECT_EQ(first(resolve("a.test")), "192.0.2.1");
  std::this_thread::sleep_for(milliseconds(1100));
  EXPECT_EQ(first(resolve("a.test", seconds(5), "x", true)), "192.0.2.2");
}

TEST_F(ResolverTest, addresses_take_turns) {
  DnsScript script;
  script.v4 = {"192.0.2.1", "192.0.2.2"};
  server.say("a.test", script);
  resolve("a.test");
  const std::string one = first(resolve("a.test"));
  const std::string two = first(resolve("a.test"));
  EXPECT_NE(one, two);
}

TEST(ResolverEnd, ends_at_once_while_look_ups_are_under_way) {
  DnsServer server;
  server.say("s.test", silence());
  const auto began = std::chrono::steady_clock::now();
  {
    RunningShards shards;
    ResolverOptions options;
    options.servers = {server.address()};
    Resolver resolver(options);
    shards.start();
    NameQuery query{"s.test", "", milliseconds(50), false};
    EXPECT_TRUE(shards.await(0, resolver.resolve(std::move(query))).has_error());
    shards.stop();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(1));
}

}  // namespace
}  // namespace sluice
