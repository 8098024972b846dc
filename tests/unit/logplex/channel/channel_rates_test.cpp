#include "logplex/channel/channel_rates.hpp"

#include <algorithm>

#include "tests/unit/logplex/channel/fabric_fixture.hpp"

namespace sluice {
namespace {

using std::chrono::seconds;

constexpr ChannelSlot kChannel{1};
constexpr SenderId kSender{7};

/// 10 lines a second and 20 at once; no limit of bytes.
RateLimits lines_only(unsigned sender_percent = 100) { return {10, 20, 0, 0, sender_percent, seconds(60)}; }

/// Offers lines of a channel to its rates, at one moment.
struct Offered {
  explicit Offered(const RateLimits& limits) { rates.limit(limits); }

  int take(int lines, std::size_t bytes = 1, SenderId sender = kSender) {
    int taken = 0;
    for (int i = 0; i < lines; ++i) taken += rates.take(due, kChannel, sender, bytes, now) ? 1 : 0;
    return taken;
  }

  ChannelRates rates;
  ChannelRates::Due due;
  SteadyTime now{seconds(1000)};
};

/// A fabric whose channels have these limits.
struct Limited : HandDriven {
  explicit Limited(std::uint32_t shards = 1, const RateLimits& limits = lines_only()) : HandDriven(shards) {
    fabric.limit_rates(limits);
  }
};

std::vector<std::string> notices(const Collector& got) {
  std::vector<std::string> found;
  for (const auto& line : got.lines)
    if (line.text.starts_with("Error L16")) found.push_back(line.text);
  return found;
}

TEST(ChannelRates, a_line_over_the_burst_is_dropped_until_its_time_comes) {
  Offered lines(lines_only());
  int taken = lines.take(100);
  EXPECT_EQ(taken, 20);
  for (int second = 0; second < 10; ++second) {
    lines.now += seconds(1);
    taken += lines.take(100);
  }
  EXPECT_EQ(taken, 120);
  lines.now += seconds(3600);
  taken += lines.take(100);
  EXPECT_EQ(taken, 140) << "an idle hour saves up one burst";
}

TEST(ChannelRates, without_a_limit_nothing_is_counted) {
  Offered none({0, 0, 0, 0, 50, seconds(60)});
  EXPECT_FALSE(none.rates.limited());
  const std::uint64_t most = ~std::uint64_t{0};
  Offered huge({1'000'000'000, most, std::uint64_t{1} << 40, most, 100, seconds(60)});
  EXPECT_TRUE(huge.rates.limited());
  EXPECT_EQ(huge.take(1000, 100'000), 1000);
}

TEST(ChannelRates, bytes_have_a_rate_and_a_burst_of_their_own) {
  Offered bytes({0, 0, 1000, 5000, 100, seconds(60)});
  EXPECT_EQ(bytes.take(100, 500), 10);
  bytes.now += seconds(1);
  EXPECT_EQ(bytes.take(100, 500), 2);
  bytes.now += seconds(100);
  EXPECT_EQ(bytes.take(3, 20'000), 1) << "a line that is longer than the burst passes, and its bytes are paid for";
  bytes.now += seconds(14);
  EXPECT_EQ(bytes.take(1, 500), 0);
  bytes.now += seconds(2);
  EXPECT_EQ(bytes.take(1, 500), 1);
}

TEST(ChannelRates, the_stricter_of_both_limits_decides) {
  Offered both({10, 20, 1000, 5000, 100, seconds(60)});
  EXPECT_EQ(both.take(100, 1), 20);
  both.now += seconds(60);
  EXPECT_EQ(both.take(100, 500), 10);
  both.now += seconds(60);
  EXPECT_EQ(both.take(20, 1), 20) << "lines over the limit of bytes have not used up the limit of lines";
}

TEST(ChannelRates, a_sender_uses_its_part_and_leaves_the_rest_to_others) {
  Offered lines(lines_only(50));
  EXPECT_EQ(lines.take(100, 1, SenderId{1}), 10);
  EXPECT_EQ(lines.take(100, 1, SenderId{2}), 10);
  EXPECT_EQ(lines.take(100, 1, SenderId{3}), 0) << "the channel's burst is used up";
  lines.now += seconds(1);
  EXPECT_EQ(lines.take(100, 1, SenderId{1}), 5);
  EXPECT_EQ(lines.take(100, 1, SenderId{}), 5) << "the router is no sender";
  Offered bytes({0, 0, 1000, 5000, 20, seconds(60)});
  EXPECT_EQ(bytes.take(100, 100, SenderId{1}), 10);
  EXPECT_EQ(bytes.take(100, 100, SenderId{2}), 10);
}

TEST(ChannelRates, a_small_part_of_a_small_rate_is_not_rounded_up_to_all_of_it) {
  Offered lines({1, 1, 0, 0, 10, seconds(60)});
  int taken = 0;
  for (int second = 0; second < 100; ++second, lines.now += seconds(1)) taken += lines.take(1, 1, SenderId{1});
  EXPECT_EQ(taken, 10);
}

TEST(ChannelRates, senders_that_have_kept_to_their_rate_are_forgotten) {
  Offered lines({1'000'000, 1'000'000, 0, 0, 50, seconds(60)});
  for (std::uint32_t sender = 1; sender <= 20'000; ++sender) lines.take(1, 1, SenderId{sender});
  EXPECT_EQ(lines.rates.senders(), 20'000U);
  for (int second = 0; second < 20; ++second) {
    lines.now += seconds(1);
    lines.take(100, 1, SenderId{1});
    lines.rates.end_second(
        lines.now, [](auto&&...) {}, [](auto&&...) {});
  }
  EXPECT_LE(lines.rates.senders(), 1U);
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

TEST(ChannelRates, dropped_lines_do_not_push_out_the_history) {
  Limited fabric;
  const ChannelSlot slot = fabric.open();
  for (int i = 0; i < 15; ++i) fabric.append(slot, "kept");
  for (int turn = 0; turn < 20; ++turn) {
    fabric.append_many(slot, 2000, 1000);
    fabric.turns(1);
  }
  Reader reader(fabric.local(), Retention::kNothing);
  ASSERT_TRUE(reader.attach(slot));
  reader.seek(reader.history_start());
  Collector got;
  reader.take(got);
  EXPECT_EQ(std::ranges::count(got.lines, "kept", &Collector::Got::text), 15);
}

TEST(ChannelRates, a_flood_makes_few_gaps_and_one_before_the_next_line) {
  Limited fabric;
  const ChannelSlot slot = fabric.open();
  Reader reader(fabric.local(), Retention::kUntaken);
  ASSERT_TRUE(reader.attach(slot));
  fabric.append_many(slot, 20);
  fabric.turns(1);
  for (int turn = 0; turn < 100; ++turn) {
    fabric.append(slot, "x");
    fabric.turns(1);
  }
  EXPECT_EQ(reader.offered(), 20U + ChannelRates::kGapsASecond + 1) << "the notice is a line, too";
  fabric.pass(std::chrono::milliseconds(100));
  fabric.append(slot, "first after the flood");
  EXPECT_EQ(reader.offered(), 20U + 100U + 2U);
  Collector got;
  reader.take(got);
  EXPECT_EQ(got.lines.back().text, "first after the flood");
  EXPECT_EQ(reader.lost().count(LossReason::kRate), 100U);
  EXPECT_TRUE(reader.adds_up());
}

TEST(ChannelRates, lines_dropped_last_are_accounted_for_when_the_channel_closes) {
  Limited fabric;
  const ChannelSlot slot = fabric.open();
  Reader reader(fabric.local(), Retention::kUntaken);
  ASSERT_TRUE(reader.attach_all());
  fabric.append_many(slot, 100);
  fabric.close(slot);
  fabric.turns(2);
  Collector got;
  reader.take(got);
  EXPECT_EQ(reader.lost().count(LossReason::kRate), 80U);
}

TEST(ChannelRates, memory_of_senders_counts_against_the_budget) {
  Limited fabric(1, {1'000'000, 1'000'000, 0, 0, 50, seconds(60)});
  const ChannelSlot slot = fabric.open();
  LineView line;
  line.text = "x";
  for (std::uint32_t sender = 1; sender <= 20'000; ++sender) fabric.local().append_from(slot, line, SenderId{sender});
  const FabricGauges before = fabric.local().gauges();
  EXPECT_EQ(before.limited_senders, 20'000U);
  fabric.pass(std::chrono::milliseconds(1100));
  const FabricGauges after = fabric.local().gauges();
  EXPECT_GT(after.limited_senders, 1000U);
  EXPECT_GE(after.bytes_used, before.bytes_used + after.limited_senders * sizeof(ChannelRates::Due));
}

TEST(ChannelRates, history_counts_a_gap_as_one_line) {
  for (const std::uint64_t history : {0U, 1U, 7U, 50U}) {
    HandDriven fabric(1, 64_MiB, history);
    const ChannelSlot slot = fabric.open();
    Reader reader(fabric.local(), Retention::kNothing);
    ASSERT_TRUE(reader.attach(slot));
    EXPECT_EQ(reader.history_start(), reader.end());
    for (std::uint64_t i = 1; i <= 200; ++i) {
      if (i % 3 == 0)
        fabric.local().append_gap(slot, 1000, LossReason::kRate);
      else
        fabric.append(slot, std::string(i % 50 == 1 ? 5000 : 10, 'x'));
      Seq expected = reader.end();
      for (std::uint64_t back = 0; back < std::min(history, i); ++back)
        expected -= (i - back) % 3 == 0 ? Seq{1000} : Seq{1};
      ASSERT_EQ(reader.history_start(), expected) << history << " " << i;
    }
  }
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

TEST(ChannelRates, a_senders_part_holds_over_all_shards_that_take_lines_in) {
  Limited fabric(3, lines_only(50));
  const ChannelSlot slot = fabric.open();
  const std::uint32_t owner = fabric.fabric.shard(0).owner_of(slot);
  for (const SenderId sender : {SenderId{1}, SenderId{2}}) {
    for (std::uint32_t shard = 0; shard < 3; ++shard) {
      ShardScope scope(fabric.runtime.shard(shard));
      LineView line;
      line.text = "x";
      const int lines = sender.value == 1 ? 40 : 2;
      for (int i = 0; i < lines; ++i) fabric.fabric.shard(shard).append_from(slot, line, sender);
    }
    fabric.turns(5);
  }
  EXPECT_EQ(fabric.fabric.shard(owner).gauges().lines_over_rate, 110U) << "all 6 lines of the second sender are taken";
}

}  // namespace
}  // namespace sluice
