#include "logplex/channel/subscription.hpp"
#include "tests/unit/logplex/channel/fabric_fixture.hpp"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Subscription, offers_what_comes_after_attaching) {
  HandDriven fabric(1);
  const ChannelSlot slot = fabric.open();
  fabric.append(slot, "before");
  Reader one(fabric.local(), Retention::kUntaken);
  Reader all(fabric.local(), Retention::kUntaken);
  ASSERT_TRUE(one.attach(slot));
  ASSERT_TRUE(all.attach_all());
  EXPECT_FALSE(one.has_pending());
  fabric.append(slot, "after");
  for (Reader* reader : {&one, &all}) {
    EXPECT_EQ(reader->offered(), 1u);
    EXPECT_EQ(reader->pending_lines(), 1u);
    EXPECT_GT(reader->pending_bytes(), 30u);
    EXPECT_EQ(reader->oldest_pending(), fabric.clock.wall());
    Collector got;
    EXPECT_EQ(reader->take(got), 1u);
    EXPECT_EQ(got.lines[0].text, "after");
    EXPECT_EQ(reader->pending_bytes(), 0u);
    EXPECT_FALSE(reader->oldest_pending());
    EXPECT_TRUE(reader->adds_up());
  }
}

TEST(Subscription, is_told_once_until_it_takes) {
  HandDriven fabric(1);
  const ChannelSlot slot = fabric.open();
  Reader one(fabric.local(), Retention::kNothing);
  Reader all(fabric.local(), Retention::kNothing);
  ASSERT_TRUE(one.attach(slot));
  ASSERT_TRUE(all.attach_all());
  for (Reader* reader : {&one, &all}) {
    Collector before;
    reader->take(before);
    reader->news = 0;
    fabric.append_many(slot, 3);
    EXPECT_EQ(reader->news, 0);
    fabric.turns(1);
    EXPECT_EQ(reader->news, 1);
    fabric.append_many(slot, 3);
    fabric.turns(1);
    EXPECT_EQ(reader->news, 1);
    Collector got;
    got.stop_at = 2;
    reader->take(got);
    fabric.turns(1);
    EXPECT_EQ(reader->news, 1);
    fabric.append(slot, "more");
    fabric.turns(1);
    EXPECT_EQ(reader->news, 2);
    got.stop_at = 1000;
    reader->take(got);
    fabric.append(slot, "taken in the same turn");
    reader->take(got);
    fabric.turns(1);
    EXPECT_EQ(reader->news, 2);
    fabric.append(slot, "later");
    fabric.turns(1);
    EXPECT_EQ(reader->news, 3);
    reader->take(got);
  }
}

TEST(Subscription, follower_counts_what_its_leader_does_and_goes_on_from_there) {
  HandDriven fabric(1);
  const ChannelSlot one = fabric.open();
  const ChannelSlot two = fabric.open();
  Reader leader(fabric.local(), Retention::kUntaken);
  Reader follower(fabric.local(), Retention::kUntaken);
  ASSERT_TRUE(leader.attach_all());
  ASSERT_TRUE(follower.attach_all());
  fabric.append(one, "of both");
  EXPECT_FALSE(follower.follow(leader)) << "each has a line to take";
  Collector got;
  leader.take(got);
  EXPECT_FALSE(follower.follow(leader)) << "they stand apart";
  follower.take(got);
  ASSERT_TRUE(follower.follow(leader));
  fabric.append(one, "a");
  fabric.append(two, "b");
  fabric.local().append_gap(two, 7, LossReason::kRate);
  EXPECT_EQ(follower.pending_lines(), 9u);
  leader.take(got, {1});
  EXPECT_EQ(follower.taken(), 2u);
  EXPECT_TRUE(follower.adds_up());
  follower.part();
  for (Reader* reader : {&leader, &follower}) {
    Collector rest;
    reader->take(rest);
    EXPECT_EQ(rest.events, "lx");
    EXPECT_EQ(rest.lines[0].text, "b");
    EXPECT_EQ(reader->offered(), 10u);
    EXPECT_EQ(reader->lost().count(LossReason::kRate), 7u);
    EXPECT_TRUE(reader->adds_up());
  }
  ASSERT_TRUE(follower.follow(leader));
  fabric.local().append_gap(two, 2, LossReason::kRate);
  leader.take(got);
  EXPECT_EQ(follower.lost().total(), 9u);
}

TEST(Subscription, lines_can_be_visited_again_while_they_are_held) {
  HandDriven fabric(1, 64_MiB, 10);
  const ChannelSlot slot = fabric.open();
  Reader reader(fabric.local(), Retention::kUntaken);
  ASSERT_TRUE(reader.attach(slot));
  for (int i = 0; i < 5; ++i) fabric.append(slot, std::to_string(i));
  fabric.local().append_gap(slot, 3, LossReason::kRate);
  fabric.append(slot, "8");
  Collector got;
  reader.take(got);
  Collector again;
  EXPECT_EQ(reader.visit_again(slot, fabric.first() + 3, fabric.first() + 8, again), 3u);
  EXPECT_EQ(again.lines[0].text, "3");
  EXPECT_EQ(again.lines[2].seq, fabric.first() + 8);
  for (int i = 0; i < 20; ++i) {
    fabric.append_many(slot, 1000);
    reader.take(got);
  }
  EXPECT_EQ(reader.visit_again(slot, fabric.first(), fabric.first() + 8, again), 0u);
  EXPECT_EQ(reader.visit_again(ChannelSlot{99}, 0, 8, again), 0u);
  EXPECT_TRUE(reader.adds_up());
}

TEST(Subscription, a_line_that_the_visitor_refuses_comes_again) {
  HandDriven fabric(1);
  const ChannelSlot slot = fabric.open();
  Reader reader(fabric.local(), Retention::kNothing);
  ASSERT_TRUE(reader.attach(slot));
  for (int i = 0; i < 10; ++i) fabric.append(slot, std::to_string(i));
  Collector got;
  got.stop_at = 4;
  EXPECT_EQ(reader.take(got), 4u);
  EXPECT_EQ(reader.pending_lines(), 6u);
  got.stop_at = 100;
  EXPECT_EQ(reader.take(got, {2}), 2u);
  EXPECT_EQ(reader.take(got, {100, 1}), 1u) << "one line always fits";
  EXPECT_EQ(reader.take(got), 3u);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(got.lines[i].text, std::to_string(i));
}

TEST(Subscription, tail_loses_what_is_older_than_the_history_and_knows_it) {
  HandDriven fabric(1, 64_MiB, 100);
  const ChannelSlot slot = fabric.open();
  Reader tail(fabric.local(), Retention::kNothing);
  ASSERT_TRUE(tail.attach(slot));
  fabric.append(slot, "first");
  fabric.clock.advance(seconds(5));
  fabric.turns(1);
  fabric.append_many(slot, 9999);
  EXPECT_GT(tail.lost().count(LossReason::kRetention), 5000u);
  EXPECT_EQ(tail.lost().first_seq, fabric.first());
  EXPECT_EQ(tail.lost().first_channel, slot);
  EXPECT_EQ(tail.lost().since, fabric.clock.wall());
  EXPECT_GE(tail.pending_lines(), 100u);
  Collector got;
  tail.take(got);
  EXPECT_EQ(got.events.find('x'), 0u);
  EXPECT_EQ(got.lines.size() + got.losses[0].total(), 10'000u);
  EXPECT_EQ(got.lines.front().seq, fabric.first() + got.losses[0].total());
  EXPECT_TRUE(tail.adds_up());
}

TEST(Subscription, drain_keeps_what_it_has_not_taken) {
  HandDriven fabric(1, 64_MiB, 100);
  const ChannelSlot slot = fabric.open();
  Reader one(fabric.local(), Retention::kUntaken);
  Reader all(fabric.local(), Retention::kUntaken);
  ASSERT_TRUE(one.attach(slot));
  ASSERT_TRUE(all.attach_all());
  fabric.append_many(slot, 10'000);
  Collector first;
  EXPECT_EQ(one.take(first), 10'000u);
  EXPECT_EQ(fabric.local().gauges().lines_evicted[4], 0u) << "the other still wants them";
  Collector second;
  EXPECT_EQ(all.take(second), 10'000u);
  EXPECT_GT(fabric.local().gauges().lines_evicted[4], 5000u) << "now they are only history";
  EXPECT_TRUE(one.lost().empty());
  EXPECT_TRUE(all.lost().empty());
}

TEST(Subscription, detaching_lets_go_of_what_it_kept) {
  HandDriven fabric(1, 64_MiB, 100);
  const ChannelSlot slot = fabric.open();
  Reader one(fabric.local(), Retention::kUntaken);
  Reader all(fabric.local(), Retention::kUntaken);
  ASSERT_TRUE(one.attach(slot));
  ASSERT_TRUE(all.attach_all());
  fabric.append_many(slot, 10'000);
  const auto before = fabric.local().gauges().bytes_used;
  one.detach();
  EXPECT_EQ(fabric.local().gauges().bytes_used, before);
  all.detach();
  EXPECT_LT(fabric.local().gauges().bytes_used, before / 4);
  EXPECT_EQ(one.pending_lines(), 0u);
  EXPECT_TRUE(one.adds_up());
  EXPECT_TRUE(all.adds_up());
  fabric.append(slot, "goes on");
  fabric.turns();
  EXPECT_EQ(one.news, 0);
}

TEST(Subscription, over_budget_the_standing_drain_loses_first) {
  HandDriven fabric(1, 2_MiB, 10);
  const ChannelSlot dead = fabric.open();
  const ChannelSlot alive = fabric.open();
  Reader stands(fabric.local(), Retention::kUntaken);
  Reader moves(fabric.local(), Retention::kUntaken);
  ASSERT_TRUE(stands.attach(dead));
  ASSERT_TRUE(moves.attach(alive));
  fabric.append_many(dead, 5000);
  fabric.append_many(alive, 1000);
  fabric.pass(seconds(3));
  EXPECT_TRUE(stands.lost().empty()) << "there is room for both";
  std::uint64_t got_lines = 0;
  for (int i = 0; i < 50; ++i) {
    fabric.append_many(alive, 200);
    fabric.pass(milliseconds(100));
    Collector got;
    got_lines += moves.take(got, {50});
  }
  EXPECT_GT(stands.lost().count(LossReason::kMemoryBudget), 0u);
  EXPECT_EQ(moves.lost().total(), 0u);
  EXPECT_LE(fabric.local().gauges().bytes_used, 2u << 20);
  EXPECT_TRUE(stands.adds_up());
  Collector rest;
  EXPECT_EQ(got_lines + moves.take(rest), 1000u + 50 * 200);
}

TEST(Subscription, over_budget_everybody_loses_and_everything_adds_up) {
  HandDriven fabric(1, 1_MiB);
  const ChannelSlot slot = fabric.open();
  Reader drain(fabric.local(), Retention::kUntaken);
  Reader all(fabric.local(), Retention::kUntaken);
  Reader tail(fabric.local(), Retention::kNothing);
  ASSERT_TRUE(drain.attach(slot));
  ASSERT_TRUE(tail.attach(slot));
  ASSERT_TRUE(all.attach_all());
  fabric.append_many(slot, 5000);
  fabric.local().append_gap(slot, 11, LossReason::kRate);
  fabric.append_many(slot, 20'000);
  EXPECT_LE(fabric.local().gauges().bytes_used, 1u << 20);
  for (Reader* reader : {&drain, &all, &tail}) {
    EXPECT_GT(reader->lost().count(LossReason::kMemoryBudget), 0u);
    EXPECT_EQ(reader->lost().count(LossReason::kRate), 11u);
    EXPECT_TRUE(reader->adds_up());
    EXPECT_LT(reader->pending_bytes(), 1u << 20);
    EXPECT_GT(reader->pending_bytes(), 1u << 19);
  }
  for (Reader* reader : {&drain, &all, &tail}) {
    Collector got;
    reader->take(got);
    EXPECT_EQ(got.lines.size() + reader->lost().total(), 25'011u);
    EXPECT_EQ(reader->pending_bytes(), 0u);
  }
}

TEST(Subscription, the_largest_channel_gives_up_first) {
  HandDriven fabric(1, 4_MiB);
  std::vector<ChannelSlot> quiet;
  for (int i = 0; i < 200; ++i) {
    quiet.push_back(fabric.open());
    fabric.append(quiet.back(), "the only line");
  }
  const ChannelSlot busy = fabric.open();
  Reader drain(fabric.local(), Retention::kUntaken);
  ASSERT_TRUE(drain.attach(busy));
  fabric.append_many(busy, 50'000);
  EXPECT_GT(drain.lost().total(), 0u);
  for (const ChannelSlot slot : quiet) {
    Reader reader(fabric.local(), Retention::kNothing);
    ASSERT_TRUE(reader.attach(slot));
    reader.seek(0);
    EXPECT_EQ(reader.pending_lines(), 1u);
  }
}

TEST(Subscription, seek_lands_on_every_number) {
  HandDriven fabric(1, 64_MiB, 300);
  const ChannelSlot slot = fabric.open();
  fabric.append_many(slot, 3000, 30);
  fabric.local().append_gap(slot, 5, LossReason::kRate);
  fabric.append_many(slot, 10);
  const Seq end = fabric.first() + 3015;
  Reader reader(fabric.local(), Retention::kNothing);
  ASSERT_TRUE(reader.attach(slot));
  for (Seq seq = fabric.first(); seq <= end; ++seq) {
    reader.seek(seq);
    ASSERT_EQ(reader.offered(), end - seq);
    Collector got;
    reader.take(got, {1});
    ASSERT_TRUE(reader.adds_up()) << seq;
    if (reader.lost().empty() && seq != end) {
      ASSERT_EQ(got.lines.at(0).seq, seq);
    }
  }
  reader.seek(end + 1000);
  EXPECT_EQ(reader.position(), end);
  reader.seek(7);
  EXPECT_EQ(reader.offered(), 3015u) << "an older epoch: everything of this one";
}

TEST(Subscription, history_begins_where_the_channel_keeps_lines_for_it) {
  HandDriven fabric(1, 64_MiB, 100);
  const ChannelSlot slot = fabric.open();
  Reader pin(fabric.local(), Retention::kUntaken);
  ASSERT_TRUE(pin.attach(slot));
  EXPECT_EQ(pin.history_start(), fabric.first());
  fabric.append_many(slot, 30);
  EXPECT_EQ(pin.history_start(), fabric.first());
  fabric.append_many(slot, 970);
  EXPECT_EQ(pin.history_start(), fabric.first() + 900);
}

TEST(Subscription, closing_ends_its_own_readers_but_not_what_global_ones_have_not_taken) {
  HandDriven fabric(1);
  const ChannelSlot slot = fabric.open();
  Reader one(fabric.local(), Retention::kUntaken);
  Reader all(fabric.local(), Retention::kUntaken);
  ASSERT_TRUE(one.attach(slot));
  ASSERT_TRUE(all.attach_all());
  fabric.append_many(slot, 3000);
  const auto before = fabric.local().gauges().bytes_used;
  fabric.close(slot);
  EXPECT_FALSE(one.attached());
  EXPECT_EQ(one.closed, 0);
  fabric.turns(1);
  EXPECT_EQ(one.closed, 1);
  EXPECT_EQ(one.news, 0);
  EXPECT_EQ(all.pending_lines(), 3000u);
  Collector got;
  EXPECT_EQ(all.take(got), 3000u);
  EXPECT_LT(fabric.local().gauges().bytes_used, before / 2);
}

TEST(Subscription, thousands_are_told_over_several_turns_each_once) {
  HandDriven fabric(1);
  const ChannelSlot slot = fabric.open();
  std::vector<std::unique_ptr<Reader>> readers;
  for (int i = 0; i < 2000; ++i) {
    readers.push_back(std::make_unique<Reader>(fabric.local(), Retention::kNothing));
    ASSERT_TRUE(readers.back()->attach(slot));
  }
  const auto told = [&readers] {
    int sum = 0;
    for (const auto& reader : readers) sum += reader != nullptr ? reader->news : 0;
    return sum;
  };
  fabric.append(slot, "line");
  for (int turn = 1, before = 0; turn <= 3; ++turn, before = told()) {
    fabric.turns(1);
    EXPECT_LE(told() - before, 512) << "turn " << turn;
  }
  const auto waits = std::ranges::find_if(readers, [](const auto& reader) { return reader->news == 0; });
  ASSERT_NE(waits, readers.end());
  waits->reset();  // leaves while it waits
  fabric.append(slot, "another line");
  fabric.turns();
  EXPECT_EQ(told(), 1999) << "who has not taken the first line knows";
}

TEST(Subscription, detached_in_its_own_callback_hears_no_more) {
  struct Leaver final : Subscription {
    using Subscription::Subscription;
    void on_news() override {
      ++news;
      other->detach();
      detach();
    }
    Subscription* other = nullptr;
    int news = 0;
  };
  HandDriven fabric(1);
  const ChannelSlot slot = fabric.open();
  Leaver a(fabric.local(), Retention::kNothing);
  Leaver b(fabric.local(), Retention::kNothing);
  a.other = &b;
  b.other = &a;
  ASSERT_TRUE(a.attach(slot));
  ASSERT_TRUE(b.attach(slot));
  fabric.append(slot, "line");
  fabric.turns();
  EXPECT_EQ(a.news + b.news, 1);
}

TEST(Subscription, global_reader_turns_from_a_flood_to_the_others) {
  HandDriven fabric(1);
  const ChannelSlot flood = fabric.open();
  const ChannelSlot quiet = fabric.open();
  Reader all(fabric.local(), Retention::kUntaken);
  ASSERT_TRUE(all.attach_all());
  fabric.append_many(flood, 10'000);
  fabric.append(quiet, "quiet");
  Collector got;
  all.take(got, {5000});
  EXPECT_TRUE(std::any_of(got.lines.begin(), got.lines.end(), [&](const auto& line) { return line.channel == quiet; }));
}

TEST(Subscription, global_reader_ends_a_closed_channel_before_the_next_of_its_name) {
  HandDriven fabric(1);
  const ChannelSlot slot = fabric.open("again");
  Reader all(fabric.local(), Retention::kUntaken);
  ASSERT_TRUE(all.attach_all());
  fabric.append_many(slot, 10'000);
  fabric.close(slot);
  fabric.local().open_channel(slot, "again");
  fabric.append_many(slot, 10'000);
  Collector got;
  EXPECT_EQ(all.take(got), 20'000u);
  const auto by_number = [](const auto& a, const auto& b) { return a.seq < b.seq; };
  EXPECT_TRUE(std::is_sorted(got.lines.begin(), got.lines.end(), by_number));
}

TEST(Subscription, idle_channels_cost_a_global_reader_nothing) {
  HandDriven fabric(1);
  for (int i = 0; i < 5000; ++i) fabric.append(fabric.open(), "line");
  const auto before = fabric.local().gauges().bytes_used;
  std::vector<std::unique_ptr<Reader>> all;
  for (int i = 0; i < 64; ++i) {
    ASSERT_TRUE(all.emplace_back(std::make_unique<Reader>(fabric.local(), Retention::kUntaken))->attach_all());
  }
  EXPECT_LT(fabric.local().gauges().bytes_used, before + 64 * 64);
}

TEST(Subscription, a_held_segment_outlives_its_channel) {
  struct Holder final : LineVisitor {
    bool on_line(ChannelSlot, Seq, const RecordView& line) override {
      kept = line.text();
      ref = reader->hold();
      return true;
    }
    void on_loss(const Losses&) override {}
    Reader* reader = nullptr;
    std::string_view kept;
    SegmentRef ref;
  };
  HandDriven fabric(1);
  const ChannelSlot slot = fabric.open();
  Holder holder;
  Reader reader(fabric.local(), Retention::kNothing);
  holder.reader = &reader;
  ASSERT_TRUE(reader.attach(slot));
  fabric.append(slot, "kept bytes");
  reader.take(holder);
  fabric.close(slot);
  const ChannelSlot other = fabric.open();
  fabric.append_many(other, 1000);
  EXPECT_EQ(holder.kept, "kept bytes");
  holder.ref = SegmentRef();
}

}  // namespace
}  // namespace sluice
