#include "logplex/cli/client/send_frames.hpp"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

constexpr WallTime kNow = std::chrono::sys_days{std::chrono::year{2026} / 1 / 2} + std::chrono::microseconds(5);

std::vector<std::string> frames_of(std::string_view body) {
  std::vector<std::string> frames;
  while (!body.empty()) {
    const std::size_t blank = body.find(' ');
    const std::size_t size = std::stoul(std::string(body.substr(0, blank)));
    frames.emplace_back(body.substr(blank + 1, size));
    body.remove_prefix(blank + 1 + size);
  }
  return frames;
}

TEST(FrameBatch, writes_rfc5424_with_its_length) {
  FrameBatch batch({190, "host", "app", "send"});
  batch.add("hello", kNow);
  EXPECT_EQ(batch.body(), "64 <190>1 2026-01-02T00:00:00.000005+00:00 host app send - - hello\n");
  EXPECT_EQ(batch.frames(), 1U);
}

TEST(FrameBatch, cuts_long_text_between_characters_into_whole_frames) {
  std::string line;
  for (int i = 0; i < 10'000; ++i) line += "ü";
  FrameBatch batch({190, "host", "app", "send"});
  batch.add(line, kNow);
  std::string joined;
  for (const auto& frame : frames_of(batch.body())) {
    EXPECT_LE(frame.size(), 10'240U);
    const std::string text = frame.substr(frame.find(" - - ") + 5);
    EXPECT_EQ(text.size() % 2, 1U);
    joined += text.substr(0, text.size() - 1);
  }
  EXPECT_EQ(joined, line);
}

TEST(FrameBatch, an_empty_line_is_a_frame) {
  FrameBatch batch({190, "host", "app", "send"});
  batch.add("", kNow);
  EXPECT_EQ(batch.frames(), 1U);
}

TEST(LineCutter, cutting_anywhere_changes_nothing) {
  const std::string text = "one\r\ntwo\n\nthree\nrest";
  for (std::size_t cut = 1; cut <= text.size(); ++cut) {
    LineCutter cutter;
    std::string seen;
    std::string line;
    for (std::size_t at = 0; at < text.size(); at += cut) {
      cutter.feed(std::string_view(text).substr(at, cut));
      while (cutter.take(line)) seen += line + "|";
    }
    EXPECT_EQ(seen + cutter.rest(), "one|two||three|rest") << cut;
  }
}

TEST(LineCutter, a_line_without_end_is_cut) {
  LineCutter cutter;
  cutter.feed(std::string(std::size_t{3} << 19, 'x'));
  std::string line;
  ASSERT_TRUE(cutter.take(line));
  EXPECT_EQ(line.size(), std::size_t{1} << 20);
  EXPECT_FALSE(cutter.take(line));
  EXPECT_EQ(cutter.rest().size(), std::size_t{1} << 19);
}

TEST(SendHeader, refuses_what_a_header_cannot_hold) {
  EXPECT_TRUE(check_send_header({190, "h", "app", "web.1"}).has_value());
  for (const std::string& bad : {std::string(), std::string("a b"), std::string(256, 'x'), std::string("ü")}) {
    EXPECT_TRUE(check_send_header({190, "h", bad, "p"}).has_error());
    EXPECT_TRUE(check_send_header({190, "h", "app", bad}).has_error());
  }
  EXPECT_EQ(pri_of_level("err"), 187U);
  EXPECT_EQ(pri_of_level("error"), 187U);
  EXPECT_EQ(pri_of_level("info"), 190U);
}

}  // namespace
}  // namespace sluice::cli
