#include "logplex/channel/channel_rates.hpp"

#include "tests/unit/logplex/channel/fabric_fixture.hpp"

namespace sluice {
namespace {

using std::chrono::seconds;

/// A fabric whose channels may take 10 lines a second and 20 at once.
struct Limited : HandDriven {
  explicit Limited(std::uint32_t shards = 1) : HandDriven(shards) { fabric.limit_lines({10, 20, seconds(60)}); }
};

std::vector<std::string> notices(const Collector& got) {
  std::vector<std::string> found;
  for (const auto& line : got.lines)
    if (line.text.starts_with("Error L16")) found.push_back(line.text);
  return found;
}

TEST(ChannelRates, a_line_over_the_burst_is_dropped_until_its_time_comes) {
  ChannelRates rates;
  rates.limit({10, 20, seconds(60)});
  std::int64_t next = 0;
  SteadyTime now{seconds(1000)};
  int taken = 0;
  for (int i = 0; i < 100; ++i) taken += rates.take(next, now) ? 1 : 0;
  EXPECT_EQ(taken, 20);
  for (int second = 0; second < 10; ++second) {
    now += seconds(1);
    for (int i = 0; i < 100; ++i) taken += rates.take(next, now) ? 1 : 0;
  }
  EXPECT_EQ(taken, 120);
  now += seconds(3600);
  for (int i = 0; i < 100; ++i) taken += rates.take(next, now) ? 1 : 0;
  EXPECT_EQ(taken, 140) << "an idle hour saves up one burst";
}

TEST(ChannelRates, without_a_limit_nothing_is_counted) {
  ChannelRates rates;
  rates.limit({0, 0, seconds(60)});
  EXPECT_FALSE(rates.limited());
  rates.limit({1'000'000'000, ~std::uint64_t{0}, seconds(60)});
  std::int64_t next = 0;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(rates.take(next, SteadyTime{seconds(1)}));
}

TEST(ChannelRates, what_is_over_becomes_one_gap_and_one_notice) {
  Limited fabric;
  const ChannelSlot slot = fabric.open();
  Reader reader(fabric.local(), Retention::kUntaken);
  ASSERT_TRUE(reader.attach(slot));
  fabric.append_many(slot, 100);
  fabric.turns(2);
  Collector got;
  reader.take(got);
  EXPECT_EQ(reader.lost().count(LossReason::kRate), 80U);
  EXPECT_EQ(reader.offered(), 101U);
  EXPECT_EQ(got.lines.size(), 21U);
  ASSERT_EQ(notices(got).size(), 1U);
  EXPECT_TRUE(notices(got)[0].starts_with("Error L16 (Ingress rate limit) -> 80 lines dropped since 2026-01-02T"))
      << notices(got)[0];
  EXPECT_TRUE(reader.adds_up());
  EXPECT_EQ(fabric.local().gauges().lines_over_rate, 80U);
}

TEST(ChannelRates, a_channel_is_told_once_in_an_interval_and_of_the_rest_after_it) {
  Limited fabric;
  fabric.local().start();
  const ChannelSlot slot = fabric.open();
  const ChannelSlot neighbour = fabric.open();
  Reader reader(fabric.local(), Retention::kUntaken);
  ASSERT_TRUE(reader.attach(slot));
  Reader other(fabric.local(), Retention::kUntaken);
  ASSERT_TRUE(other.attach(neighbour));
  Collector got;
  for (int second = 0; second < 50; ++second) {
    fabric.append_many(slot, 100);
    fabric.append(neighbour, "x");
    fabric.turns(2);
    fabric.clock.advance(seconds(1));
    reader.take(got);
  }
  EXPECT_EQ(notices(got).size(), 1U);
  for (int second = 0; second < 20; ++second) {
    fabric.clock.advance(seconds(1));
    fabric.turns(3);
    reader.take(got);
  }
  EXPECT_EQ(notices(got).size(), 2U) << "the end of a flood is told too";
  EXPECT_EQ(other.lost().total(), 0U);
  EXPECT_EQ(other.offered(), 50U);
  EXPECT_TRUE(reader.adds_up());
}

TEST(ChannelRates, the_limit_holds_over_all_shards_that_take_lines_in) {
  Limited fabric(3);
  const ChannelSlot slot = fabric.open();
  const std::uint32_t owner = fabric.fabric.shard(0).owner_of(slot);
  std::uint64_t taken = 0;
  for (std::uint32_t shard = 0; shard < 3; ++shard) {
    ShardScope scope(fabric.runtime.shard(shard));
    LineView line;
    line.text = "x";
    for (int i = 0; i < 40; ++i) fabric.fabric.shard(shard).append(slot, line);
  }
  fabric.turns(5);
  const FabricGauges gauges = fabric.fabric.shard(owner).gauges();
  taken = gauges.lines_appended - gauges.lines_over_rate;
  EXPECT_EQ(taken, 20U + 1U) << "and one notice";
  EXPECT_EQ(gauges.lines_over_rate, 100U);
}

}  // namespace
}  // namespace sluice
