#include "logplex/channel/channel_reader.hpp"

#include "tests/support/slow_reader.hpp"
#include "tests/unit/logplex/channel/fabric_fixture.hpp"

namespace sluice {
namespace {

/// Every kind of reader passes these.
class ChannelReaderTest : public testing::TestWithParam<MakeReader>, protected ChannelReader::Observer {
 protected:
  void on_ready() override { ++told; }
  void on_closed() override { ++closed; }

  void append(int first, int end) {
    for (int n = first; n < end; ++n) fabric.append(slot, std::to_string(n));
  }
  /// What a reader does that waits: takes whenever it is told to. Returns the texts.
  std::string read_all() {
    Collector got;
    for (int turn = 0; turn < 200; ++turn) {
      if (told > 0 || reader->has_ready()) {
        told = 0;
        reader->take(got);
      }
      fabric.turns(1);
    }
    std::string text;
    for (const auto& line : got.lines) text += line.text + ' ';
    for (const Losses& loss : got.losses) text += "lost:" + std::to_string(loss.total()) + ' ';
    return text;
  }
  static std::string texts(int first, int end) {
    std::string text;
    for (int n = first; n < end; ++n) text += std::to_string(n) + ' ';
    return text;
  }

  HandDriven fabric{1, 64_MiB, 1500, 3, {fixed_placement, std::make_unique<NoLog>(), GetParam()}};
  const ChannelSlot slot = fabric.open("app");
  std::unique_ptr<ChannelReader> reader = fabric.local().reader(*this);
  int told = 0;
  int closed = 0;
};

TEST_P(ChannelReaderTest, begins_at_the_end_and_gets_every_later_line_in_order) {
  append(0, 5);
  ASSERT_TRUE(reader->open(slot));
  EXPECT_TRUE(reader->is_open());
  EXPECT_FALSE(reader->has_pending());
  EXPECT_FALSE(reader->has_ready());
  append(5, 40);
  EXPECT_TRUE(reader->has_pending());
  EXPECT_EQ(read_all(), texts(5, 40));
  EXPECT_FALSE(reader->has_pending());
  EXPECT_EQ(reader->position(), reader->end());
  append(40, 41);
  EXPECT_EQ(read_all(), texts(40, 41));
}

TEST_P(ChannelReaderTest, reads_history_again_after_a_seek) {
  append(0, 30);
  ASSERT_TRUE(reader->open(slot));
  EXPECT_EQ(reader->history_start(), fabric.first());
  reader->seek(fabric.first() + 10);
  EXPECT_EQ(read_all(), texts(10, 30));
  reader->seek(reader->history_start());
  EXPECT_EQ(read_all(), texts(0, 30));
}

TEST_P(ChannelReaderTest, goes_on_at_a_position_of_this_run_and_says_when_it_cannot_tell) {
  append(0, 10);
  ASSERT_TRUE(reader->open(slot));
  const auto known = reader->resume(fabric.first() + 4);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->next, fabric.first() + 4);
  EXPECT_EQ(known->lost, 0u);
  EXPECT_FALSE(reader->resume((Seq{2} << kEpochShift) + 4)) << "an earlier run, whose numbers did not go on";
}

TEST_P(ChannelReaderTest, lost_lines_are_told_before_the_next) {
  ASSERT_TRUE(reader->open(slot));
  append(0, 2);
  fabric.local().append_gap(slot, 5, LossReason::kRate);
  append(7, 9);
  EXPECT_EQ(read_all(), texts(0, 2) + texts(7, 9) + "lost:5 ");
}

TEST_P(ChannelReaderTest, says_when_the_channel_is_gone) {
  EXPECT_TRUE(reader->open(ChannelSlot{77}).has_error());
  ASSERT_TRUE(reader->open(slot));
  append(0, 20);
  fabric.close(slot);
  fabric.turns();
  EXPECT_EQ(closed, 1);
  EXPECT_FALSE(reader->is_open());
  EXPECT_FALSE(reader->has_pending());
  EXPECT_FALSE(reader->has_ready());
}

TEST_P(ChannelReaderTest, may_go_while_something_is_under_way) {
  ASSERT_TRUE(reader->open(slot));
  append(0, 20);
  fabric.turns(1);
  reader.reset();
  fabric.turns();
}

INSTANTIATE_TEST_SUITE_P(FromMemory, ChannelReaderTest, testing::Values(read_from_memory));
INSTANTIATE_TEST_SUITE_P(InPieces, ChannelReaderTest, testing::Values(read_slowly));

}  // namespace
}  // namespace sluice
