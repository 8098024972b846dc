#include "drains/delivery/drain_cursor.hpp"

#include <gtest/gtest.h>

#include "tests/unit/drains/delivery/hand_driven_drain.hpp"

namespace sluice::drains {
namespace {

using std::chrono::milliseconds;
using Bodies = std::vector<std::string>;

TEST(DrainCursor, a_few_lines_are_due_when_the_flush_window_is_over) {
  HandDrivenDrain drain;
  drain.append(drain.channel, "one");
  drain.turns();
  EXPECT_FALSE(drain.cursor.is_due());
  EXPECT_FALSE(drain.wake.is_set());
  drain.pass(drain.settings.flush_window + milliseconds(10));
  EXPECT_TRUE(drain.cursor.is_due());
  EXPECT_TRUE(drain.wake.is_set());
  EXPECT_TRUE(drain.gather());
  EXPECT_FALSE(drain.cursor.is_due());
}

TEST(DrainCursor, lines_for_a_whole_frame_are_due_at_once) {
  HandDrivenDrain drain;
  drain.append_many(drain.channel, 20);
  drain.turns(1);
  EXPECT_TRUE(drain.cursor.is_due());
  EXPECT_TRUE(drain.wake.is_set());
  ASSERT_TRUE(drain.gather());
  const std::size_t bytes = drain.frames.frames().front().body.size();
  EXPECT_GE(bytes, drain.writer.target_bytes());
  EXPECT_LT(bytes, drain.writer.target_bytes() + 200);
}

TEST(DrainCursor, a_flush_lets_no_line_wait) {
  HandDrivenDrain drain;
  drain.cursor.flush();
  drain.append(drain.channel, "one");
  drain.turns(1);
  EXPECT_TRUE(drain.wake.is_set());
  EXPECT_TRUE(drain.cursor.is_due());
}

TEST(DrainCursor, hurry_and_rest) {
  HandDrivenDrain drain;
  drain.append(drain.channel, "one");
  drain.turns();
  drain.cursor.hurry();
  EXPECT_TRUE(drain.cursor.is_due());
  drain.cursor.rest();
  drain.pass(std::chrono::seconds(1));
  EXPECT_FALSE(drain.cursor.is_due());
}

TEST(DrainCursor, the_filter_leaves_lines_out) {
  HandDrivenDrain drain;
  drain.cursor.filter_by(Filter::parse("text~keep").value());
  EXPECT_TRUE(drain.cursor.filters());
  drain.append(drain.channel, "drop");
  drain.append(drain.channel, "keep");
  drain.turns();
  drain.gate.spawn([](HandDrivenDrain& it) -> Task<void> {
    co_await it.work.share();
    EXPECT_TRUE(it.gather());
    EXPECT_FALSE(it.gather()) << "nothing is left";
  }(drain));
  drain.turns();
  EXPECT_EQ(drain.bodies(), Bodies{"keep\n"});
  EXPECT_EQ(drain.ledger().filtered, 1u);
}

TEST(DrainCursor, losses_are_told_before_the_next_line) {
  HandDrivenDrain drain;
  drain.account.report_later(3, WallTime(std::chrono::seconds(100)));
  drain.add("one");
  EXPECT_EQ(drain.bodies(), Bodies{"L10\none\n"});
  EXPECT_EQ(drain.frames.frames().front().reported, 3u);
  EXPECT_EQ(drain.account.unreported().lines, 0u);
}

TEST(DrainCursor, goes_on_where_it_was) {
  HandDrivenDrain drain;
  for (const char* text : {"one", "two", "three"}) drain.append(drain.channel, text);
  drain.turns();
  drain.cursor.go_on({{{drain.channel, drain.first() + 1}}, 5, WallTime(std::chrono::seconds(100)), 0}, false);
  EXPECT_EQ(drain.account.unreported().lines, 5u);
  ASSERT_TRUE(drain.gather());
  EXPECT_EQ(drain.bodies(), Bodies{"L10\ntwo\nthree\n"});
  EXPECT_EQ(drain.ledger().offered, 2u);
}

TEST(DrainCursor, skips_what_waits_and_keeps_what_comes_meanwhile) {
  HandDrivenDrain drain;
  drain.append_many(drain.channel, 20'000, 10);
  drain.turns();
  drain.gate.spawn(drain.cursor.skip_pending(drain.work));
  drain.turns(1);
  ASSERT_EQ(drain.gate.running(), 1u) << "so many take more than a turn";
  drain.append(drain.channel, "new");
  for (int i = 0; drain.gate.running() > 0 && i < 1000; ++i) drain.turns(1);
  EXPECT_EQ(drain.dropped(LossReason::kSkipped), 20'000u);
  EXPECT_EQ(drain.ledger().pending_lines, 1u);
}

}  // namespace
}  // namespace sluice::drains
