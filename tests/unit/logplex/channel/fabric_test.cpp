#include "logplex/channel/fabric.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "logplex/base/metrics.hpp"
#include "logplex/runtime/gate.hpp"
#include "tests/unit/logplex/channel/fabric_fixture.hpp"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(FabricShard, numbers_have_no_holes_and_begin_with_the_epoch) {
  HandDriven fabric(1);
  const ChannelSlot slot = fabric.open();
  Reader reader(fabric.local(), Retention::kUntaken);
  ASSERT_TRUE(reader.attach(slot));
  for (int i = 0; i < 3000; ++i) fabric.append(slot, std::to_string(i));
  Collector got;
  EXPECT_EQ(reader.take(got), 3000u);
  ASSERT_EQ(got.lines.size(), 3000u);
  for (std::size_t i = 0; i < 3000; ++i) {
    ASSERT_EQ(got.lines[i].seq, (Seq{3} << kEpochShift) + i);
    ASSERT_EQ(got.lines[i].text, std::to_string(i));
  }
  EXPECT_TRUE(got.losses.empty());
  EXPECT_TRUE(reader.adds_up());
}

TEST(FabricShard, a_line_for_another_shard_arrives_whole_and_in_order) {
  HandDriven fabric(2);
  const ChannelSlot slot = fabric.open(1);
  EXPECT_EQ(fabric.local().owner_of(slot), 1u);
  for (int i = 0; i < 1400; ++i) fabric.append(slot, std::string(200, 'a') + std::to_string(i));
  fabric.turns();
  ShardScope on(fabric.runtime.shard(1));
  Reader reader(fabric.fabric.shard(1), Retention::kNothing);
  ASSERT_TRUE(reader.attach(slot));
  reader.seek(0);
  Collector got;
  EXPECT_EQ(reader.take(got), 1400u);
  for (std::size_t i = 0; i < got.lines.size(); ++i) ASSERT_EQ(got.lines[i].text.substr(200), std::to_string(i));
}

TEST(FabricShard, opening_and_closing_twice_is_the_same_as_once) {
  HandDriven fabric(1);
  const ChannelSlot slot = fabric.open();
  fabric.append(slot, "one");
  fabric.local().open_channel(slot, id_on(0, 1, 0));
  Reader reader(fabric.local(), Retention::kNothing);
  ASSERT_TRUE(reader.attach(slot));
  EXPECT_EQ(reader.position(), fabric.first() + 1);
  fabric.close(slot);
  fabric.close(slot);
  EXPECT_FALSE(fabric.local().is_open(slot));
  EXPECT_EQ(fabric.local().gauges().channels, 0u);
  fabric.append(slot, "late");
  EXPECT_EQ(fabric.local().gauges().lines_unrouted, 1u);
}

TEST(FabricShard, a_channel_opened_again_repeats_no_number) {
  HandDriven fabric(1);
  const ChannelSlot slot = fabric.open();
  fabric.append_many(slot, 10);
  fabric.close(slot);
  fabric.local().open_channel(slot, id_on(0, 1, 0));
  Reader reader(fabric.local(), Retention::kNothing);
  ASSERT_TRUE(reader.attach(slot));
  EXPECT_EQ(reader.position(), fabric.first() + 10);
}

TEST(FabricShard, attaching_tells_why_it_cannot) {
  HandDriven fabric(2);
  const ChannelSlot far = fabric.open(1);
  Reader reader(fabric.local(), Retention::kNothing);
  EXPECT_EQ(reader.attach(ChannelSlot{99}).error(), FabricError::kNoChannel);
  EXPECT_EQ(reader.attach(far).error(), FabricError::kNotOwner);
  EXPECT_FALSE(reader.attached());
  std::vector<std::unique_ptr<Reader>> all;
  for (int i = 0; i < 64; ++i) {
    ASSERT_TRUE(all.emplace_back(std::make_unique<Reader>(fabric.local(), Retention::kNothing))->attach_all());
  }
  EXPECT_EQ(reader.attach_all().error(), FabricError::kTooManyGlobal);
  all.erase(all.begin() + 7);
  EXPECT_TRUE(reader.attach_all());
}

TEST(FabricShard, gap_consumes_numbers_and_is_told_in_its_place) {
  HandDriven fabric(2);
  const ChannelSlot near = fabric.open(0);
  const ChannelSlot far = fabric.open(1);
  for (const ChannelSlot slot : {near, far}) {
    fabric.append(slot, "before");
    fabric.local().append_gap(slot, 7, LossReason::kRate);
    fabric.turns();
    fabric.append(slot, "after");
    fabric.turns();
  }
  for (const std::uint32_t owner : {0u, 1u}) {
    ShardScope on(fabric.runtime.shard(owner));
    Reader reader(fabric.fabric.shard(owner), Retention::kNothing);
    ASSERT_TRUE(reader.attach(owner == 0 ? near : far));
    reader.seek(0);
    Collector got;
    EXPECT_EQ(reader.take(got), 2u);
    EXPECT_EQ(got.events, "lxl");
    EXPECT_EQ(got.lines.back().seq, fabric.first() + 8);
    EXPECT_EQ(got.losses.front().count(LossReason::kRate), 7u);
    EXPECT_EQ(got.losses.front().first_seq, fabric.first() + 1);
    EXPECT_TRUE(reader.adds_up());
    EXPECT_EQ(reader.offered(), 9u);
  }
}

Task<void> settle(FabricShard& fabric, int& done) {
  auto settled = co_await fabric.settled();
  if (settled) ++done;
}

TEST(FabricShard, settled_ends_when_the_owners_have_everything) {
  HandDriven fabric(3);
  const ChannelSlot slots[] = {fabric.open(0), fabric.open(1), fabric.open(2)};
  Gate gate(fabric.runtime.shard(0), "test");
  int done = 0;
  gate.spawn(settle(fabric.local(), done));
  fabric.runtime.shard(0).turn();
  EXPECT_EQ(done, 1) << "nothing was appended";
  for (const ChannelSlot slot : slots) fabric.append(slot, "line");
  for (int i = 0; i < 5; ++i) gate.spawn(settle(fabric.local(), done));
  for (int i = 0; i < 10; ++i) fabric.runtime.shard(0).turn();
  fabric.runtime.shard(1).turn();
  fabric.runtime.shard(0).turn();
  EXPECT_EQ(done, 1) << "shard 2 has not turned";
  fabric.turns();
  EXPECT_EQ(done, 6);
  for (std::uint32_t id = 0; id < 3; ++id) EXPECT_EQ(fabric.fabric.shard(id).gauges().lines_appended, 1u);
  gate.spawn(settle(fabric.local(), done));
  fabric.runtime.shard(0).turn();
  EXPECT_EQ(done, 7) << "everything is known to be there";
}

TEST(FabricShard, a_cancelled_wait_leaves_nothing_behind) {
  HandDriven fabric(2);
  const ChannelSlot slot = fabric.open(1);
  fabric.append(slot, "line");
  int done = 0;
  {
    Gate gate(fabric.runtime.shard(0), "test");
    gate.spawn(settle(fabric.local(), done));
    for (int i = 0; i < 5; ++i) fabric.runtime.shard(0).turn();
    gate.stop();
    for (int i = 0; i < 5; ++i) fabric.runtime.shard(0).turn();
    EXPECT_EQ(gate.running(), 0u);
  }
  fabric.turns();
  EXPECT_EQ(done, 0);
}

TEST(FabricShard, a_stalled_owner_costs_lines_that_are_counted_and_told) {
  HandDriven fabric(2, 8_MiB);
  const ChannelSlot slot = fabric.open(1);
  const std::string text(1000, 'x');
  int appended = 0;
  bool warned = false;
  while (fabric.local().lines_refused() < 10) {
    fabric.append(slot, text);
    warned = warned || fabric.local().outbox_full(1);
    if (++appended % 20 == 0) fabric.runtime.shard(0).turn();
    ASSERT_LT(appended, 100'000);
  }
  EXPECT_TRUE(warned);
  EXPECT_TRUE(fabric.local().outbox_full());
  EXPECT_GT(fabric.local().ingress_delay(slot), Duration{0});
  fabric.turns();
  fabric.clock.advance(milliseconds(10));
  fabric.turns();
  fabric.append(slot, "last");
  fabric.turns();
  EXPECT_FALSE(fabric.local().outbox_full());
  ShardScope on(fabric.runtime.shard(1));
  Reader reader(fabric.fabric.shard(1), Retention::kNothing);
  ASSERT_TRUE(reader.attach(slot));
  reader.seek(0);
  Collector got;
  reader.take(got);
  EXPECT_EQ(reader.offered(), static_cast<std::uint64_t>(appended) + 1);
  EXPECT_EQ(reader.lost().count(LossReason::kMailboxFull), fabric.local().lines_refused());
  EXPECT_EQ(got.lines.back().text, "last");
  EXPECT_TRUE(reader.adds_up());
}

TEST(FabricShard, a_stall_of_many_short_turns_costs_no_line) {
  HandDriven fabric(2);
  const ChannelSlot slot = fabric.open(1);
  constexpr std::uint64_t kTurns = 1000;
  for (std::uint64_t i = 0; i < kTurns; ++i) {
    fabric.append(slot, std::to_string(i));
    fabric.runtime.shard(0).turn();
  }
  EXPECT_EQ(fabric.local().lines_refused(), 0u);
  EXPECT_FALSE(fabric.local().outbox_full());
  fabric.runtime.shard(1).turn();
  EXPECT_LT(fabric.fabric.shard(1).gauges().lines_appended, kTurns) << "some wait for a batch to come back";
  fabric.turns(2);
  ShardScope on(fabric.runtime.shard(1));
  Reader reader(fabric.fabric.shard(1), Retention::kNothing);
  ASSERT_TRUE(reader.attach(slot));
  reader.seek(0);
  Collector got;
  EXPECT_EQ(reader.take(got), kTurns);
  for (std::size_t i = 0; i < got.lines.size(); ++i) ASSERT_EQ(got.lines[i].text, std::to_string(i));
}

TEST(FabricShard, who_waits_for_a_stalled_owner_uses_up_few_batches) {
  HandDriven fabric(2, 8_MiB);
  const ChannelSlot slot = fabric.open(1);
  Gate gate(fabric.runtime.shard(0), "test");
  int done = 0;
  for (int i = 0; i < 200; ++i) {
    fabric.append(slot, "line");
    gate.spawn(settle(fabric.local(), done));
    fabric.runtime.shard(0).turn();
    fabric.runtime.shard(0).turn();
  }
  EXPECT_EQ(done, 0);
  EXPECT_EQ(fabric.local().lines_refused(), 0u);
  fabric.turns(8);
  EXPECT_EQ(done, 200);
  EXPECT_EQ(fabric.fabric.shard(1).gauges().lines_appended, 200u);
}

TEST(FabricShard, a_portion_at_a_time_never_costs_a_line) {
  for (const unsigned size : {1U, 100U, 1000U, 40'000U}) {
    HandDriven fabric(8, 8_MiB);
    const ChannelSlot slot = fabric.open(1);
    const std::string text(size, 'x');
    while (!fabric.local().outbox_full())
      for (std::size_t sent = 0; sent < fabric.local().outbox_portion(); sent += size + 19) fabric.append(slot, text);
    EXPECT_EQ(fabric.local().lines_refused(), 0u) << size;
  }
}

TEST(FabricShard, a_full_outbox_empties_although_nothing_more_is_appended) {
  HandDriven fabric(2, 8_MiB);
  const ChannelSlot slot = fabric.open(1);
  while (!fabric.local().outbox_full()) fabric.append(slot, std::string(1000, 'x'));
  EXPECT_EQ(fabric.local().lines_refused(), 0u);
  fabric.runtime.shard(0).turn();
  EXPECT_TRUE(fabric.local().outbox_full());
  fabric.runtime.shard(1).turn();
  EXPECT_FALSE(fabric.local().outbox_full());
  EXPECT_EQ(fabric.local().ingress_delay(slot), Duration{0});
}

TEST(FabricShard, refusals_are_told_even_if_no_line_follows) {
  HandDriven fabric(2, 1_MiB);
  const ChannelSlot slot = fabric.open(1);
  std::uint64_t appended = 0;
  while (fabric.local().lines_refused() == 0) {
    fabric.append(slot, std::string(1000, 'x'));
    ++appended;
  }
  for (int i = 0; i < 10; ++i) fabric.pass(milliseconds(10));
  EXPECT_EQ(fabric.fabric.shard(1).gauges().lines_appended, appended);
}

TEST(FabricShard, a_line_larger_than_a_batch_arrives) {
  HandDriven fabric(2);
  const ChannelSlot slot = fabric.open(1);
  fabric.append(slot, std::string(kLargestText, 'x'));
  fabric.append(slot, "small");
  fabric.append(slot, std::string(kLargestText, 'y'));
  fabric.turns();
  ShardScope on(fabric.runtime.shard(1));
  Reader reader(fabric.fabric.shard(1), Retention::kNothing);
  ASSERT_TRUE(reader.attach(slot));
  reader.seek(0);
  Collector got;
  EXPECT_EQ(reader.take(got), 3u);
  EXPECT_EQ(got.lines[0].text.size(), kLargestText);
  EXPECT_EQ(got.lines[2].text, std::string(kLargestText, 'y'));
}

TEST(FabricShard, an_owner_that_hears_of_a_channel_late_loses_no_line) {
  HandDriven fabric(2);
  const ChannelSlot slot{5};
  const std::string id = id_on(1, 2, 5);
  fabric.local().open_channel(slot, id);
  fabric.append(slot, "early");
  fabric.turns();
  ShardScope on(fabric.runtime.shard(1));
  fabric.fabric.shard(1).open_channel(slot, id);
  Reader reader(fabric.fabric.shard(1), Retention::kNothing);
  ASSERT_TRUE(reader.attach(slot));
  EXPECT_EQ(reader.end(), fabric.first() + 1);
}

TEST(FabricShard, pressure_slows_what_feeds_a_drain_that_makes_progress) {
  HandDriven fabric(1, 2_MiB);
  const ChannelSlot busy = fabric.open(0);
  const ChannelSlot quiet = fabric.open(0);
  const ChannelSlot unread = fabric.open(0);
  fabric.append(quiet, "line");
  Reader drain(fabric.local(), Retention::kUntaken);
  ASSERT_TRUE(drain.attach(busy));
  fabric.append_many(unread, 20'000);
  EXPECT_EQ(fabric.local().ingress_delay(unread), Duration{0}) << "history presses on nobody";
  EXPECT_LE(fabric.local().gauges().bytes_used, fabric.local().gauges().bytes_budget * 3 / 4);
  fabric.append_many(busy, 10'000);
  EXPECT_GT(fabric.local().ingress_delay(busy), Duration{0});
  EXPECT_LE(fabric.local().ingress_delay(busy), seconds(1));
  EXPECT_EQ(fabric.local().ingress_delay(quiet), Duration{0});
  fabric.pass(seconds(3));
  EXPECT_EQ(fabric.local().ingress_delay(busy), Duration{0}) << "the drain stands still";
  Collector got;
  drain.take(got, {100});
  EXPECT_GT(fabric.local().ingress_delay(busy), Duration{0});
  drain.take(got);
  EXPECT_EQ(fabric.local().ingress_delay(busy), Duration{0});
}

/// Ingress that obeys, a drain that takes 200 lines every 10 ms, and one that stands still beside it.
void expect_nothing_lost_beside_a_standing_drain(bool global, std::uint32_t channels) {
  HandDriven fabric(1, 8_MiB);
  std::vector<ChannelSlot> slots;
  for (std::uint32_t i = 0; i < channels; ++i) slots.push_back(fabric.open(0));
  Reader slow(fabric.local(), Retention::kUntaken);
  Reader standing(fabric.local(), Retention::kUntaken);
  for (Reader* reader : {&slow, &standing}) {
    if (global) {
      ASSERT_TRUE(reader->attach_all());
    } else {
      ASSERT_TRUE(reader->attach(slots[0]));
    }
  }
  std::vector<Duration> paused(channels);
  std::uint64_t appended = 0;
  for (int step = 0; step < 6000; ++step) {
    for (std::uint32_t i = 0; i < channels; ++i) {
      if ((paused[i] -= milliseconds(10)) > Duration{0}) continue;
      fabric.append_many(slots[i], 1000 / static_cast<int>(channels));
      appended += 1000 / channels;
      paused[i] = fabric.local().ingress_delay(slots[i]);
    }
    Collector got;
    slow.take(got, {200});
    fabric.pass(milliseconds(10));
  }
  EXPECT_EQ(slow.lost().total(), 0u);
  EXPECT_GT(standing.lost().count(LossReason::kMemoryBudget), 100'000u);
  EXPECT_GT(appended, 1'000'000u) << "held back no more than the slow one needs";
}

TEST(FabricShard, progressing_drain_loses_nothing_beside_one_that_stands_still) {
  expect_nothing_lost_beside_a_standing_drain(false, 1);
  expect_nothing_lost_beside_a_standing_drain(true, 1);
  expect_nothing_lost_beside_a_standing_drain(true, 50);
}

TEST(FabricShard, held_ingress_pauses_for_a_moment) {
  HandDriven fabric(2);
  const ChannelSlot mine = fabric.open(0);
  const ChannelSlot theirs = fabric.open(1);
  fabric.local().hold_ingress(true);
  fabric.fabric.shard(1).hold_ingress(true);
  EXPECT_GT(fabric.local().ingress_delay(mine), Duration{0});
  EXPECT_LE(fabric.local().ingress_delay(mine), milliseconds(10));
  fabric.append(theirs, "line");
  fabric.turns();
  fabric.append(theirs, "line");
  fabric.turns();
  fabric.append(theirs, "line");
  EXPECT_GT(fabric.local().ingress_delay(theirs), Duration{0});
  fabric.local().hold_ingress(false);
  EXPECT_EQ(fabric.local().ingress_delay(mine), Duration{0});
}

TEST(FabricShard, senders_hear_of_pressure_on_another_shard) {
  HandDriven fabric(2, 4_MiB);
  const ChannelSlot slot = fabric.open(1);
  Reader drain(fabric.fabric.shard(1), Retention::kUntaken);
  {
    ShardScope on(fabric.runtime.shard(1));
    ASSERT_TRUE(drain.attach(slot));
  }
  for (int i = 0; i < 10'000 && fabric.local().ingress_delay(slot) == Duration{0}; ++i) {
    fabric.append(slot, std::string(1000, 'x'));
    if (i % 10 == 0) fabric.turns(1);
  }
  EXPECT_GT(fabric.local().ingress_delay(slot), Duration{0});
  fabric.turns();
  fabric.pass(seconds(1));
  EXPECT_EQ(fabric.local().ingress_delay(slot), Duration{0}) << "old news";
  EXPECT_EQ(drain.lost().total(), 0u);
  ShardScope on(fabric.runtime.shard(1));
  drain.detach();
}

TEST(FabricShard, budget_follows_the_shard_that_needs_it) {
  HandDriven fabric(2, 8_MiB);
  const ChannelSlot slot = fabric.open(1);
  EXPECT_EQ(fabric.fabric.shard(1).gauges().bytes_budget, 4u << 20);
  for (int i = 0; i < 200; ++i) {
    for (int k = 0; k < 100; ++k) fabric.append(slot, std::string(500, 'x'));
    fabric.turns(1);
  }
  fabric.pass(seconds(2));
  EXPECT_GT(fabric.fabric.shard(1).gauges().bytes_budget, 5u << 20);
  EXPECT_LE(fabric.local().gauges().bytes_budget + fabric.fabric.shard(1).gauges().bytes_budget, 8u << 20);
}

TEST(FabricShard, metrics_name_what_happened) {
  HandDriven fabric(1, 1_MiB);
  const ChannelSlot slot = fabric.open();
  fabric.append_many(slot, 10'000);
  MetricsPage page;
  fabric.local().add_metrics(page);
  const std::string text = page.text();
  EXPECT_NE(text.find("sluice_fabric_lines_appended_total 10000"), std::string::npos) << text;
  EXPECT_NE(text.find("sluice_fabric_lines_evicted_total{reason=\"retention\"}"), std::string::npos) << text;
}

}  // namespace
}  // namespace sluice
