#include "drains/delivery/ring_seat.hpp"

#include <gtest/gtest.h>

#include "tests/unit/drains/delivery/hand_driven_drain.hpp"

namespace sluice::drains {
namespace {

/// A global drain with a seat; its owner sends at once when the test says so.
struct SeatedDrain : HandDrivenDrain, RingSeat::Owner {
  SeatedDrain() {
    writer.use(make_encoder(global(), settings).value(), true);
    cursor.detach();
    EXPECT_TRUE(cursor.attach_all());
    ring = memory.rings.find(global());
    seat.choose(ring);
  }
  virtual ~SeatedDrain() { seat.choose(nullptr); }

  static Drain global(const std::string& filter = "") {
    Drain drain = drain_to("syslog://h");
    drain.channel.clear();
    drain.filter = filter;
    return drain;
  }
  bool send_at_once() override { return sends && sender.send_now(); }
  void append_one(std::string_view text) {
    append(channel, text);
    turns();
    pass(std::chrono::seconds(1));
  }
  Ledger ledger() const {
    Ledger ledger;
    cursor.add_to(ledger);
    frames.add_to(ledger);
    account.add_to(ledger);
    seat.add_to(ledger);
    EXPECT_EQ(ledger.offered, ledger.filtered + ledger.delivered + ledger.dropped_total() + ledger.pending_lines);
    return ledger;
  }

  std::shared_ptr<FrameRing> ring;
  bool sends = false;
  RingSeat seat{shard, *this, {cursor, frames, writer, sender, account, wake}};
};

TEST(RingSeat, without_a_ring_nobody_follows) {
  SeatedDrain drain;
  drain.seat.choose(nullptr);
  drain.seat.join();
  EXPECT_FALSE(drain.seat.following());
  drain.seat.leave();
  drain.seat.flush();
  drain.seat.on_progress();
  EXPECT_EQ(drain.seat.open_lines(), 0u);
}

TEST(RingSeat, frames_of_the_ring_come_into_the_queue) {
  SeatedDrain drain;
  drain.seat.join();
  ASSERT_TRUE(drain.seat.following());
  drain.append_one("one");
  ASSERT_EQ(drain.frames.frames().size(), 1u);
  EXPECT_TRUE(drain.frames.frames().front().shared);
  EXPECT_NE(drain.frames.frames().front().id[0], 0);
  EXPECT_TRUE(drain.wake.is_set()) << "the task has to send it";
  EXPECT_EQ(drain.ledger().pending_lines, 1u);
}

TEST(RingSeat, a_task_that_sleeps_is_not_woken_for_what_was_sent_at_once) {
  SeatedDrain drain;
  drain.sends = true;
  drain.seat.join();
  drain.append_one("one");
  EXPECT_TRUE(drain.wake.is_set()) << "from now on it polls for confirmations";
  drain.wake.reset();
  drain.append_one("two");
  EXPECT_FALSE(drain.wake.is_set());
  EXPECT_EQ(drain.script.sent.size(), 2u);
}

TEST(RingSeat, losses_of_one_drain_come_in_a_frame_of_their_own) {
  SeatedDrain drain;
  drain.seat.join();
  drain.account.report_later(3, WallTime(std::chrono::seconds(100)));
  drain.append_one("one");
  ASSERT_EQ(drain.frames.frames().size(), 2u);
  EXPECT_EQ(drain.frames.frames().front().lines, 0u);
  EXPECT_EQ(drain.frames.frames().front().reported, 3u);
  EXPECT_NE(drain.frames.frames().front().id, drain.frames.frames()[1].id);
  EXPECT_EQ(drain.account.unreported().lines, 0u);
}

TEST(RingSeat, who_leaves_goes_on_where_the_ring_stood) {
  SeatedDrain drain;
  drain.seat.choose(drain.memory.rings.find(SeatedDrain::global("text~keep")));
  drain.cursor.filter_by(Filter::parse("text~keep").value());
  drain.seat.join();
  for (const char* text : {"drop", "keep", "drop"}) drain.append_one(text);
  EXPECT_EQ(drain.ledger().filtered, 2u);
  drain.seat.leave();
  EXPECT_FALSE(drain.seat.following());
  EXPECT_EQ(drain.ledger().filtered, 2u);
  EXPECT_EQ(drain.frames.frames().size(), 1u) << "it keeps what it was given";
  drain.append_one("keep");
  EXPECT_TRUE(drain.cursor.is_due());
  EXPECT_EQ(drain.ledger().pending_lines, 2u);
  drain.seat.join();
  EXPECT_FALSE(drain.seat.following()) << "it has not caught up";
}

TEST(RingSeat, who_takes_nothing_drops_out_and_one_whose_frames_arrived_does_not) {
  for (const bool arrived : {false, true}) {
    SeatedDrain drain;
    drain.seat.join();
    for (int i = 0; i < 80; ++i) {
      drain.append_one("line");
      drain.script.arrived = arrived ? drain.frames.frames().size() : 0;
    }
    EXPECT_EQ(drain.seat.following(), arrived);
    EXPECT_EQ(drain.ledger().pending_lines, 80u);
  }
}

TEST(RingSeat, memory_is_freed_but_for_the_frame_that_a_connection_may_have_in_part) {
  SeatedDrain drain;
  drain.seat.join();
  for (const char* text : {"one", "two", "three"}) drain.append_one(text);
  drain.frames.note_sent();
  drain.seat.leave();
  drain.charge_others(5);
  drain.memory.bodies.relieve();
  drain.charge_others(0);
  std::vector<bool> folded;
  for (const Frame& frame : drain.frames.frames()) folded.push_back(frame.folded_bytes > 0);
  EXPECT_EQ(folded, (std::vector<bool>{false, false, true}));
}

}  // namespace
}  // namespace sluice::drains
