#include <gtest/gtest.h>

#include "router/routing_table.hpp"

namespace sluice::router {
namespace {

Backend backend(const std::string& name, std::uint32_t weight = 1) {
  Backend b;
  b.name = name;
  b.address = "127.0.0.1:1";
  b.weight = weight;
  return b;
}

struct Routes {
  explicit Routes(std::vector<Backend> backends, Balance balance = Balance::kPowerOfTwo) {
    for (const Backend& b : backends) {
      owned.push_back(std::make_unique<Upstream>(BackendSlot{static_cast<std::uint32_t>(owned.size())}, b,
                                                 std::make_shared<SharedCount>()));
      routes.upstreams.push_back(owned.back().get());
      routes.total_weight += b.weight;
    }
    routes.balance = balance;
  }
  std::vector<int> choose(int times) {
    std::vector<int> counts(owned.size());
    for (int i = 0; i < times; ++i) {
      Upstream* const chosen = routes.choose(rng, SteadyTime{});
      if (chosen != nullptr) ++counts[chosen->slot().value];
    }
    return counts;
  }
  std::vector<std::unique_ptr<Upstream>> owned;
  AppRoutes routes;
  SeededRng rng{5};
};

TEST(Balance, power_of_two_never_takes_the_busiest) {
  Routes r({backend("a"), backend("b"), backend("c")});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(r.owned[1]->try_hold());
  EXPECT_EQ(r.choose(1000)[1], 0);
  for (int i = 0; i < 300; ++i) r.routes.choose(r.rng, SteadyTime{})->try_hold();
  for (const auto& upstream : r.owned) EXPECT_NEAR(static_cast<double>(upstream->outstanding()), 103, 4);
}

TEST(Balance, power_of_two_follows_weights) {
  Routes r({backend("a", 3), backend("b", 1)});
  for (int i = 0; i < 400; ++i) r.routes.choose(r.rng, SteadyTime{})->try_hold();
  EXPECT_NEAR(static_cast<double>(r.owned[0]->outstanding()), 300, 2);
}

TEST(Balance, soft_limit_prefers_others) {
  Routes r({backend("a", 100), backend("b", 1)});
  for (int i = 0; i < 20; ++i) r.owned[0]->try_hold();
  EXPECT_EQ(r.choose(100)[1], 100);
}

TEST(Balance, round_robin_takes_turns) {
  Routes r({backend("a"), backend("b"), backend("c")}, Balance::kRoundRobin);
  EXPECT_EQ(r.choose(300), (std::vector<int>{100, 100, 100}));
}

TEST(Balance, random_follows_weights) {
  Routes r({backend("a", 3), backend("b", 1)}, Balance::kRandom);
  const auto counts = r.choose(4000);
  EXPECT_NEAR(counts[0], 3000, 150);
}

TEST(Balance, quarantine_and_hard_limits_are_respected) {
  for (const Balance balance : {Balance::kPowerOfTwo, Balance::kRandom, Balance::kRoundRobin}) {
    Routes r({backend("a"), backend("b"), backend("c")}, balance);
    r.owned[0]->quarantine(r.owned[0]->endpoints()[0], SteadyTime{} + std::chrono::seconds(1));
    Backend limited = backend("b");
    limited.hard = 1;
    r.owned[1]->update(limited);
    ASSERT_TRUE(r.owned[1]->try_hold());
    EXPECT_EQ(r.choose(100), (std::vector<int>{0, 0, 100}));
    r.owned[2]->quarantine(r.owned[2]->endpoints()[0], SteadyTime{} + std::chrono::seconds(1));
    EXPECT_EQ(r.routes.choose(r.rng, SteadyTime{}), nullptr);
    EXPECT_NE(r.routes.choose(r.rng, SteadyTime{} + std::chrono::seconds(1)), nullptr);
  }
}

TEST(Endpoint, splits_addresses) {
  EXPECT_EQ(split_address("127.0.0.1:80").port, 80);
  EXPECT_EQ(split_address("[::1]:8080").host, "::1");
  EXPECT_EQ(split_address("name.example:1").host, "name.example");
  Backend six = backend("a");
  six.address = "[::1]:8080";
  const Upstream upstream(BackendSlot{0}, six, std::make_shared<SharedCount>());
  ASSERT_EQ(upstream.endpoints().size(), 1u);
  EXPECT_EQ(upstream.endpoints()[0].family(), AF_INET6);
}

}  // namespace
}  // namespace sluice::router
