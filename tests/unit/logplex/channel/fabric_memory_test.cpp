#include <unistd.h>

#include <cstdio>

#include "tests/unit/logplex/channel/fabric_fixture.hpp"

namespace sluice {
namespace {

/// Memory of this process that is in RAM.
std::uint64_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  unsigned long all = 0;
  unsigned long resident = 0;
  const int read = std::fscanf(file, "%lu %lu", &all, &resident);
  std::fclose(file);
  return read == 2 ? resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

/// A line as the router writes it.
constexpr std::string_view kRouterLine =
    "at=info method=GET path=\"/articles/17?page=2\" host=www.example.com "
    "request_id=8601b555-6a83-4c12-8269-97c8e32cdb22 "
    "fwd=\"203.0.113.1\" dyno=web.1 connect=1ms service=37ms status=200 bytes=1277 protocol=https";

TEST(FabricMemory, a_hundred_thousand_channels_with_a_line_each_cost_a_kilobyte_each) {
  constexpr std::uint32_t kCount = 100'000;
  SystemClock clock;
  Runtime runtime(2, clock);
  ShardScope scope(runtime.shard(0));
  Fabric fabric(runtime, {1_GiB, 1500, {}}, std::chrono::seconds(1), {1, 1});
  const std::uint64_t before = resident_bytes();
  for (std::uint32_t i = 0; i < kCount; ++i) {
    const std::string id = "app-" + std::to_string(i);
    for (std::uint32_t to = 0; to < 2; ++to) {
      ShardScope on(runtime.shard(to));
      fabric.shard(to).open_channel(ChannelSlot{i}, id);
    }
    LineView line;
    line.source = "heroku";
    line.process = "router";
    line.text = kRouterLine;
    fabric.local().append(ChannelSlot{i}, line);
    if (i % 100 == 0) {
      runtime.shard(0).turn();
      runtime.shard(1).turn();
    }
  }
  for (int i = 0; i < 10; ++i) {
    runtime.shard(0).turn();
    runtime.shard(1).turn();
  }
  std::uint64_t lines = 0;
  for (std::uint32_t id = 0; id < 2; ++id) {
    lines += fabric.shard(id).gauges().lines_appended;
    EXPECT_LT(fabric.shard(id).gauges().bytes_used, std::uint64_t{kCount} / 2 * 1100);
  }
  EXPECT_EQ(lines, kCount);
  const std::uint64_t grown = resident_bytes() - before;
  RecordProperty("grown_bytes_per_channel", static_cast<int>(grown / kCount));
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  EXPECT_LT(grown, std::uint64_t{4} << 30);  // shadow memory included
#else
  EXPECT_LT(grown, std::uint64_t{100} << 20);
#endif
}

/// Many channels with a drain that stands still, or takes a line now and then, fill the memory; a neighbour without a
/// drain has a history. Returns the lines of the neighbour that are left, and the least of the others.
struct Shortage {
  explicit Shortage(bool progress) : fabric(1, 8_MiB, 10'000) {
    neighbour = fabric.open();
    for (int i = 0; i < 16; ++i) {
      others.push_back(fabric.open());
      drains.push_back(std::make_unique<Reader>(fabric.local(), Retention::kUntaken));
      EXPECT_TRUE(drains.back()->attach(others.back()));
    }
    fabric.append_many(neighbour, 5000);
    for (int round = 0; round < 100; ++round) {
      for (std::size_t i = 0; i < others.size(); ++i) {
        fabric.append_many(others[i], 100);
        Collector got;
        if (progress) drains[i]->take(got, {1});
      }
      fabric.append_many(neighbour, 10);
      fabric.pass(std::chrono::milliseconds(500));
    }
  }
  std::uint64_t held(ChannelSlot channel) {
    Reader reader(fabric.local(), Retention::kNothing);
    EXPECT_TRUE(reader.attach(channel));
    reader.seek(0);
    return reader.pending_lines();
  }
  std::uint64_t most_of_others() {
    std::uint64_t most = 0;
    for (const ChannelSlot channel : others) most = std::max(most, held(channel));
    return most;
  }

  HandDriven fabric;
  ChannelSlot neighbour;
  std::vector<ChannelSlot> others;
  std::vector<std::unique_ptr<Reader>> drains;
};

TEST(FabricMemory, a_neighbours_history_keeps_its_share_beside_drains_that_stand_still) {
  Shortage shortage(false);
  EXPECT_LE(shortage.fabric.local().gauges().bytes_used, 8U << 20);
  EXPECT_GT(shortage.held(shortage.neighbour) * 2, shortage.most_of_others());
  for (const auto& drain : shortage.drains) EXPECT_TRUE(drain->adds_up());
}

TEST(FabricMemory, slow_drains_leave_a_neighbour_a_part_of_its_share) {
  Shortage shortage(true);
  EXPECT_GT(shortage.held(shortage.neighbour) * 6, shortage.most_of_others());
}

TEST(FabricMemory, a_channel_below_its_share_loses_nothing_to_a_crowd_of_larger_ones) {
  HandDriven fabric(1, 8_MiB, 10'000);
  const ChannelSlot small = fabric.open();
  fabric.append_many(small, 100);
  std::vector<ChannelSlot> larger;
  for (int i = 0; i < 300; ++i) larger.push_back(fabric.open());
  for (int round = 0; round < 100; ++round) {
    for (const ChannelSlot channel : larger) fabric.append_many(channel, 10);
    fabric.turns(1);
  }
  Reader reader(fabric.local(), Retention::kNothing);
  ASSERT_TRUE(reader.attach(small));
  reader.seek(0);
  EXPECT_EQ(reader.pending_lines(), 100U);
}

/// A sender to a small channel does not pay for the large ones.
TEST(FabricMemory, only_senders_to_channels_over_their_share_have_to_wait) {
  HandDriven fabric(1, 8_MiB, 10'000);
  const ChannelSlot small = fabric.open();
  const ChannelSlot large = fabric.open();
  Reader small_drain(fabric.local(), Retention::kUntaken);
  Reader large_drain(fabric.local(), Retention::kUntaken);
  ASSERT_TRUE(small_drain.attach(small));
  ASSERT_TRUE(large_drain.attach(large));
  fabric.append_many(small, 100);
  fabric.append_many(large, 100'000);
  EXPECT_GT(fabric.local().ingress_delay(large), std::chrono::milliseconds(100));
  EXPECT_EQ(fabric.local().ingress_delay(small), Duration{0});
}

TEST(FabricMemory, frames_over_the_budget_leave_channels_a_part_of_it) {
  HandDriven fabric(1, 8_MiB, 10'000);
  const ChannelSlot quiet = fabric.open();
  const ChannelSlot busy = fabric.open();
  fabric.append_many(quiet, 100);
  fabric.local().charge(9 << 20);
  fabric.append_many(busy, 20'000);
  Reader reader(fabric.local(), Retention::kNothing);
  ASSERT_TRUE(reader.attach(quiet));
  reader.seek(0);
  EXPECT_EQ(reader.pending_lines(), 100U);
  fabric.local().charge(-(9 << 20));
}

TEST(FabricMemory, what_frames_take_is_evicted_without_another_line) {
  HandDriven fabric(1, 8_MiB, 10'000);
  for (int i = 0; i < 50; ++i) fabric.append_many(fabric.open(), 400, 300);
  fabric.local().charge(4 << 20);
  EXPECT_GT(fabric.local().gauges().bytes_used, 8U << 20);
  fabric.pass(std::chrono::seconds(2));
  fabric.turns(20);
  EXPECT_LE(fabric.local().gauges().bytes_used, 8U << 20);
  fabric.local().charge(-(4 << 20));
}

std::uint64_t evicted_lines(HandDriven& fabric) {
  return fabric.local().gauges().lines_evicted[static_cast<std::size_t>(LossReason::kMemoryBudget)];
}

/// All channels are as large, and all drains make progress: nothing is easy to find.
TEST(FabricMemory, a_shortage_looks_at_a_bounded_number_of_channels_in_a_turn) {
  HandDriven fabric(1, 8_MiB, 10'000);
  std::vector<ChannelSlot> channels;
  std::vector<std::unique_ptr<Reader>> drains;
  for (int i = 0; i < 4000; ++i) {
    channels.push_back(fabric.open());
    drains.push_back(std::make_unique<Reader>(fabric.local(), Retention::kUntaken));
    ASSERT_TRUE(drains.back()->attach(channels.back()));
  }
  std::uint64_t most = 0;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t before = fabric.local().gauges().eviction_looks;
    const std::uint64_t lost_before = evicted_lines(fabric);
    for (const ChannelSlot channel : channels) fabric.append_many(channel, 1, 300);
    const std::uint64_t evicted = evicted_lines(fabric) - lost_before;
    const std::uint64_t looks = fabric.local().gauges().eviction_looks - before;
    most = std::max(most, looks);
    EXPECT_LE(looks, 8192U + 2 * 48U + 12 * evicted);
    fabric.turns(1);
  }
  EXPECT_GT(most, 8192U) << "the bound was reached";
}

TEST(FabricMemory, many_equal_channels_keep_to_the_budget_and_their_accounts) {
  HandDriven fabric(1, 8_MiB, 10'000);
  std::vector<ChannelSlot> channels;
  std::vector<std::unique_ptr<Reader>> drains;
  for (int i = 0; i < 4000; ++i) {
    channels.push_back(fabric.open());
    drains.push_back(std::make_unique<Reader>(fabric.local(), Retention::kUntaken));
    ASSERT_TRUE(drains.back()->attach(channels.back()));
    fabric.append_many(channels.back(), 4, 300);
  }
  fabric.pass(std::chrono::seconds(3));
  // Half of the drains stand still now, as when their receivers went away a moment ago.
  for (std::size_t i = 0; i < drains.size(); i += 2) {
    Collector got;
    drains[i]->take(got, {1});
  }
  for (const ChannelSlot channel : channels) fabric.append_many(channel, 4, 300);
  EXPECT_LE(fabric.local().gauges().bytes_used, 8U << 20);
  for (const auto& drain : drains) ASSERT_TRUE(drain->adds_up());
}

}  // namespace
}  // namespace sluice
