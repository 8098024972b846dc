#include "logplex/wire/frame_splitter.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "logplex/base/rng.hpp"

namespace sluice {
namespace {

using Step = FrameSplitter::Step;
constexpr std::size_t kMax = 10240;

/// What a stream holds: frames as "f:bytes", "bad" for what is malformed; "open" at the end when it is cut short.
using Items = std::vector<std::string>;

/// Feeds `stream` in the given pieces the way a connection does: what is left goes in front of what comes next.
Items split(const std::string& stream, const std::vector<std::size_t>& cuts, std::size_t frame_max = kMax) {
  FrameSplitter splitter(frame_max);
  Items items;
  std::string kept;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const std::size_t end = i < cuts.size() ? cuts[i] : stream.size();
    kept += stream.substr(begin, end - begin);
    begin = end;
    splitter.feed(kept);
    Step step = splitter.next();
    for (; step == Step::kFrame; step = splitter.next()) items.push_back("f:" + std::string(splitter.frame()));
    if (step == Step::kMalformed) return (items.push_back("bad"), items.push_back("open"), items);
    kept.erase(0, splitter.consumed());
    EXPECT_LE(kept.size(), frame_max + 8);
  }
  if (!splitter.at_boundary() || !kept.empty()) items.push_back("open");
  return items;
}

Items split(const std::string& stream) { return split(stream, {}); }

TEST(FrameSplitter, cuts_frames_without_separators) {
  EXPECT_EQ(split("5 hello1 \n3 a b"), (Items{"f:hello", "f:\n", "f:a b"}));
  EXPECT_EQ(split(""), Items{});
}

TEST(FrameSplitter, length_counts_bytes_not_characters) { EXPECT_EQ(split("2 \xc3\xa4"), Items{"f:\xc3\xa4"}); }

TEST(FrameSplitter, unfinished_input_is_open) {
  for (const char* stream : {"5", "5 ", "5 hell", "12"}) EXPECT_EQ(split(stream), Items{"open"}) << stream;
  EXPECT_EQ(split("1 a5 hel"), (Items{"f:a", "open"}));
}

TEST(FrameSplitter, nothing_is_taken_behind_what_is_malformed) {
  for (const char* stream :
       {"garbage", "<13>1 x\n1 a", "12x\n1 a", "0 \n1 a", "01 a\n1 a", "\n1 a", " 1 a", "-1 a\n1 a"})
    EXPECT_EQ(split(stream), (Items{"bad", "open"})) << stream;
  EXPECT_EQ(split("1 a\n1 b"), (Items{"f:a", "bad", "open"}));
}

TEST(FrameSplitter, longest_frame_passes_and_one_more_byte_does_not) {
  const std::string longest(kMax, 'x');
  EXPECT_EQ(split("10240 " + longest), Items{"f:" + longest});
  EXPECT_EQ(split("10241 " + longest + "x1 a"), (Items{"bad", "open"}));
  EXPECT_EQ(split("99999999999999999999999999999999999999 x"), (Items{"bad", "open"}));
}

TEST(FrameSplitter, endless_digits_are_malformed_at_once) {
  FrameSplitter splitter(100);
  splitter.feed(std::string_view("77777777777777777777"));
  EXPECT_EQ(splitter.next(), Step::kMalformed);
}

const std::string kMixed = "5 hello12 <1>1 - - - -10 01234567893 a\nb200 too long";

TEST(FrameSplitter, splitting_at_any_byte_changes_nothing) {
  const Items whole = split(kMixed, {}, 100);
  ASSERT_EQ(whole.size(), 6u);
  for (std::size_t a = 0; a <= kMixed.size(); ++a)
    for (std::size_t b = a; b <= kMixed.size(); ++b) EXPECT_EQ(split(kMixed, {a, b}, 100), whole) << a << ' ' << b;
}

TEST(FrameSplitter, one_byte_at_a_time_changes_nothing) {
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i < kMixed.size(); ++i) cuts.push_back(i);
  EXPECT_EQ(split(kMixed, cuts, 100), split(kMixed, {}, 100));
}

TEST(FrameSplitter, what_was_framed_comes_back) {
  SeededRng rng(11);
  for (int round = 0; round < 200; ++round) {
    std::string stream;
    Items expected;
    for (int i = 0; i < 20; ++i) {
      std::string message(1 + rng.next() % 300, '\0');
      for (char& c : message) c = static_cast<char>(rng.next());
      stream += std::to_string(message.size()) + " " + message;
      expected.push_back("f:" + message);
    }
    const std::size_t a = rng.next() % stream.size();
    EXPECT_EQ(split(stream, {a, a + rng.next() % (stream.size() - a)}), expected);
  }
}

}  // namespace
}  // namespace sluice
