#include "drains/delivery/frame_queue.hpp"

#include <gtest/gtest.h>

#include "tests/unit/drains/delivery/hand_driven_drain.hpp"

namespace sluice::drains {
namespace {

using Bodies = std::vector<std::string>;

TEST(FrameQueue, confirmed_frames_go_in_order) {
  HandDrivenDrain drain;
  for (const char* text : {"one", "two", "three"}) drain.add(text);
  EXPECT_EQ(drain.bodies(), (Bodies{"one\n", "two\n", "three\n"}));
  drain.frames.note_sent();
  drain.frames.note_sent();
  EXPECT_EQ(drain.ledger().in_flight_lines, 2u);
  EXPECT_EQ(drain.frames.next().body, "three\n");
  drain.frames.confirm(1);
  EXPECT_EQ(drain.frames.sent(), 1u);
  EXPECT_EQ(drain.ledger().delivered, 1u);
  EXPECT_EQ(drain.frames.next().body, "three\n") << "a send of it may be suspended";
  drain.frames.unsend();
  EXPECT_EQ(drain.frames.next().body, "two\n");
  EXPECT_EQ(drain.ledger().in_flight_lines, 0u);
}

TEST(FrameQueue, more_confirmations_than_frames_do_no_harm) {
  HandDrivenDrain drain;
  drain.add("one");
  drain.frames.note_sent();
  drain.frames.confirm(3);
  EXPECT_TRUE(drain.frames.empty());
  EXPECT_TRUE(drain.frames.all_sent());
}

TEST(FrameQueue, keeps_the_lines_of_unconfirmed_frames_in_their_channel) {
  HandDrivenDrain drain;
  drain.add("one");
  drain.append_many(drain.channel, 5000);
  drain.turns();
  EXPECT_EQ(drain.local().first_held(drain.channel), drain.first());
  while (drain.gather()) {
  }
  while (!drain.frames.empty()) {
    drain.frames.note_sent();
    drain.frames.confirm(1);
  }
  drain.append_many(drain.channel, 5000);
  drain.turns();
  EXPECT_GT(drain.local().first_held(drain.channel), drain.first());
}

TEST(FrameQueue, charges_its_frames_and_the_transports_copies) {
  HandDrivenDrain drain;
  EXPECT_EQ(drain.memory.bodies.used_bytes(), 0u);
  drain.add(std::string(5000, 'x'));
  const std::uint64_t used = drain.memory.bodies.used_bytes();
  EXPECT_GT(used, 5000u);
  drain.frames.charge_copies(777);
  EXPECT_EQ(drain.memory.bodies.used_bytes(), used + 777);
  drain.frames.charge_copies(0);
  EXPECT_EQ(drain.memory.bodies.used_bytes(), used);
  EXPECT_EQ(drain.frames.clear(), 1u);
  drain.account.skip(1);
  drain.ledger();
  for (int i = 0; i < 10; ++i) drain.pass(std::chrono::seconds(1));
  EXPECT_EQ(drain.memory.bodies.used_bytes(), 0u) << "spare memory goes back too";
}

TEST(FrameQueue, a_rejected_frame_makes_room_for_the_next) {
  HandDrivenDrain drain;
  drain.add("one");
  drain.add("two");
  drain.frames.note_sent();
  drain.frames.reject_next();
  EXPECT_EQ(drain.bodies(), Bodies{"one\n"});
  EXPECT_EQ(drain.dropped(LossReason::kRejected), 1u);
}

TEST(FrameQueue, splits_the_next_frame_in_place) {
  HandDrivenDrain drain;
  for (const char* text : {"one", "two", "three"}) drain.append(drain.channel, text);
  drain.turns();
  ASSERT_TRUE(drain.gather());
  drain.add("behind");
  EXPECT_TRUE(drain.frames.split_next());
  EXPECT_EQ(drain.bodies(), (Bodies{"one\n", "two\nthree\n", "behind\n"}));
  EXPECT_FALSE(drain.frames.split_next());
  EXPECT_EQ(drain.ledger().pending_lines, 4u);
}

TEST(FrameQueue, folded_frames_have_no_bytes_and_come_back_the_same) {
  HandDrivenDrain drain;
  drain.add("one");
  drain.add(std::string(5000, 'x'));
  const Bodies before = drain.bodies();
  const auto id = drain.frames.frames()[1].id;
  const std::uint64_t bytes = drain.ledger().pending_bytes;
  const std::uint64_t used = drain.memory.bodies.used_bytes();
  drain.frames.fold(1);
  drain.frames.fold(1);
  EXPECT_EQ(drain.bodies(), (Bodies{"one\n", ""}));
  EXPECT_LT(drain.memory.bodies.used_bytes(), used - 5000);
  EXPECT_EQ(drain.ledger().pending_bytes, bytes);
  drain.frames.note_sent();
  drain.frames.write_next_again();
  EXPECT_EQ(drain.bodies(), before);
  EXPECT_EQ(drain.frames.next().id, id);
}

TEST(FrameQueue, what_memory_no_longer_holds_cannot_be_written_again) {
  HandDrivenDrain drain;
  drain.add("folded");
  drain.add("whole");
  drain.frames.fold(0);
  drain.frames.fold(2);
  drain.close(drain.channel);
  drain.turns();
  drain.frames.write_next_again();
  EXPECT_EQ(drain.bodies().size(), 1u);
  EXPECT_EQ(drain.account.unreported().lines, 1u);
  Ledger ledger;
  drain.account.add_to(ledger);
  EXPECT_EQ(ledger.dropped[static_cast<std::size_t>(LossReason::kMemoryBudget)], 1u);
}

TEST(FrameQueue, another_format_writes_all_frames_again_in_shares_of_work) {
  HandDrivenDrain drain;
  drain.add("one");
  drain.add("folded");
  drain.add("three");
  drain.frames.fold(2);
  drain.writer.use(make_encoder(drain_to("http://h/"), drain.settings).value(), true);
  drain.gate.spawn(drain.frames.write_all_again(drain.work));
  drain.turns();
  const Bodies bodies = drain.bodies();
  EXPECT_NE(bodies[0].find(" app web.1 - one"), std::string::npos) << bodies[0];
  EXPECT_EQ(bodies[2], "") << "it is written when it is sent";
}

TEST(FrameQueue, memory_decides_whether_there_is_room) {
  HandDrivenDrain drain;
  drain.add("one");
  EXPECT_TRUE(drain.frames.has_room(0));
  drain.charge_others(2);
  EXPECT_FALSE(drain.frames.has_room(0)) << "more than a quarter of the budget is in frames";
  EXPECT_TRUE(drain.frames.has_room(1)) << "its frame has arrived";
  drain.charge_others(4);
  EXPECT_FALSE(drain.frames.has_room(1));
  drain.frames.note_sent();
  drain.frames.confirm(1);
  EXPECT_TRUE(drain.frames.has_room(0)) << "one frame, up to five eighths";
  drain.account.fail("the receiver is away");
  EXPECT_FALSE(drain.frames.has_room(0)) << "the rest is for those that deliver";
  drain.charge_others(0);
}

TEST(FrameQueue, knows_when_it_last_got_on) {
  HandDrivenDrain drain;
  drain.add("one");
  EXPECT_FALSE(drain.frames.take_progress());
  const SteadyTime began = drain.frames.progress();
  drain.pass(std::chrono::seconds(3));
  drain.frames.note_sent();
  EXPECT_GE(drain.frames.progress() - began, std::chrono::seconds(3));
  EXPECT_TRUE(drain.frames.take_progress());
  EXPECT_FALSE(drain.frames.take_progress());
}

}  // namespace
}  // namespace sluice::drains
