#include "drains/delivery/frame_writer.hpp"

#include <gtest/gtest.h>

#include "tests/unit/drains/delivery/hand_driven_drain.hpp"

namespace sluice::drains {
namespace {

struct Writer : testing::Test {
  Writer() { writer.use(std::make_unique<TextEncoder>(), true); }

  Frame frame_with(std::initializer_list<const char*> texts) {
    Frame frame;
    Seq seq = 10;
    for (const char* text : texts) {
      const OwnedRecord record(line_of(text));
      writer.append(frame, ChannelSlot{5}, seq++, record.view());
    }
    writer.set_frame_id(frame);
    return frame;
  }
  static constexpr WallTime kThen{std::chrono::seconds(100)};

  HandDriven fabric{1};
  FrameWriter writer{fabric.local(), drain_to("http://h/")};
};

TEST_F(Writer, lines_are_written_with_their_numbers_and_time) {
  const Frame frame = frame_with({"one", "two"});
  EXPECT_EQ(frame.body, "one\ntwo\n");
  EXPECT_EQ(frame.lines, 2u);
  ASSERT_EQ(frame.runs.size(), 1u);
  EXPECT_EQ(frame.runs[0].first, 10u);
  EXPECT_EQ(frame.runs[0].last, 11u);
  EXPECT_EQ(frame.oldest, line_of("").received);
}

TEST_F(Writer, without_an_encoder_a_frame_has_no_size) {
  EXPECT_EQ(FrameWriter(fabric.local(), drain_to("http://h/")).target_bytes(), 0u);
  EXPECT_EQ(writer.target_bytes(), 1000u);
}

TEST_F(Writer, a_notice_is_no_line_and_says_what_it_reports) {
  Frame frame = frame_with({"one"});
  writer.append_notice(frame, {3, kThen}, kThen);
  writer.append_notice(frame, {4, kThen + std::chrono::seconds(1)}, kThen);
  EXPECT_EQ(frame.body, "one\nL10\nL10\n");
  EXPECT_EQ(frame.lines, 1u);
  EXPECT_EQ(frame.messages(), 3u);
  EXPECT_EQ(frame.reported, 7u);
  EXPECT_EQ(frame.reported_since, kThen);
}

TEST_F(Writer, halves_have_ids_of_their_own_and_one_of_them_reports_the_losses) {
  Frame frame = frame_with({"one", "two"});
  writer.append_notice(frame, {3, kThen}, kThen);
  frame.missing_before = 9;
  const auto halves = writer.split(frame);
  ASSERT_TRUE(halves);
  EXPECT_EQ(halves->first.body + halves->second.body, "one\ntwo\nL10\n");
  EXPECT_EQ(halves->first.reported + halves->second.reported, 3u);
  EXPECT_NE(halves->first.id, frame.id);
  EXPECT_NE(halves->first.id, halves->second.id);
  EXPECT_EQ(halves->second.missing_before, 9u);
  EXPECT_EQ(halves->second.oldest, frame.oldest);
  EXPECT_FALSE(writer.split(frame_with({"one"})));
}

TEST_F(Writer, an_id_stays_only_if_all_messages_do) {
  const Frame frame = frame_with({"one", "two"});
  Frame same = frame_with({"one", "two"});
  writer.set_id_again(same, frame);
  EXPECT_EQ(same.id, frame.id);

  Frame fewer = frame_with({"one"});
  writer.set_id_again(fewer, frame);
  EXPECT_NE(fewer.id, frame.id);

  Frame telling = frame_with({"one", "two"});
  writer.append_notice(telling, {3, kThen}, kThen);
  writer.set_id_again(same, telling);
  EXPECT_NE(same.id, telling.id) << "it has no notice any more";
}

TEST_F(Writer, a_receiver_that_sees_no_ids_gets_none) {
  writer.use(std::make_unique<TextEncoder>(), false);
  Frame frame = frame_with({"one"});
  Frame notice;
  writer.set_notice_id(notice, frame);
  writer.set_id_again(notice, frame);
  EXPECT_EQ(frame.id[0], 0);
  EXPECT_EQ(notice.id[0], 0);
}

}  // namespace
}  // namespace sluice::drains
