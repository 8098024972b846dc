#include "logplex/wire/syslog_splitter.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "logplex/base/rng.hpp"

namespace sluice {
namespace {

using Step = SyslogSplitter::Step;
constexpr std::size_t kMax = 10240;

/// What a stream holds: messages as "f:bytes", "bad", "long", "lost"; "open" at the end when it is cut short.
using Items = std::vector<std::string>;

std::string item_of(Step step, const SyslogSplitter& splitter) {
  switch (step) {
    case Step::kFrame:
      return "f:" + std::string(splitter.frame());
    case Step::kMalformed:
      return "bad";
    case Step::kTooLong:
      return "long";
    default:
      return "lost";
  }
}

/// Feeds `stream` in the given pieces the way a connection does: what is left goes in front of what comes next.
Items split(const std::string& stream, const std::vector<std::size_t>& cuts, std::size_t frame_max = kMax) {
  SyslogSplitter splitter(frame_max);
  Items items;
  std::string kept;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const std::size_t end = i < cuts.size() ? cuts[i] : stream.size();
    kept += stream.substr(begin, end - begin);
    begin = end;
    splitter.feed(kept);
    for (Step step = splitter.next(); step != Step::kNeedMore; step = splitter.next()) {
      items.push_back(item_of(step, splitter));
      if (step == Step::kLost) return items;
    }
    kept.erase(0, splitter.consumed());
    EXPECT_LE(kept.size(), frame_max + 8);
  }
  if (!splitter.at_boundary() || !kept.empty()) items.push_back("open");
  return items;
}

Items split(const std::string& stream) { return split(stream, {}); }

std::string message(const std::string& text) { return "<13>1 - h app p m - " + text; }
std::string counted(const std::string& message) { return std::to_string(message.size()) + " " + message; }
const std::string kGood = counted(message("good"));
const std::string kGoodItem = "f:" + message("good");

TEST(SyslogSplitter, both_framings_are_told_apart_by_the_first_byte_of_each_message) {
  EXPECT_EQ(split("5 hello<13>1 a\n3 a b<14>b\r\n2 \n\n"),
            (Items{"f:hello", "f:<13>1 a", "f:a b", "f:<14>b", "f:\n\n"}));
}

TEST(SyslogSplitter, a_line_keeps_every_byte_but_its_end) {
  EXPECT_EQ(split("<13>a\rb\tc\x1b[0m\xff \n"), Items{"f:<13>a\rb\tc\x1b[0m\xff "});
  EXPECT_EQ(split(std::string("<13>a\0b\n", 8)), (Items{std::string("f:<13>a\0b", 9)}));
}

TEST(SyslogSplitter, a_nul_before_the_next_line_ends_one) {
  EXPECT_EQ(split(std::string("<13>a\0<13>b\0\n<13>c\n", 20)),
            (Items{"f:<13>a", std::string("f:<13>b\0", 8), "f:<13>c"}));
}

TEST(SyslogSplitter, separators_between_messages_are_passed_over) {
  for (const std::string& between :
       {std::string(" "), std::string("\n"), std::string("\r\n"), std::string("\0", 1), std::string("\0\0 \n\t", 5)})
    EXPECT_EQ(split(kGood + between + kGood + between), (Items{kGoodItem, kGoodItem})) << between;
}

TEST(SyslogSplitter, a_message_over_the_limit_costs_only_itself) {
  const std::string longest(kMax - 4, 'x');
  EXPECT_EQ(split(counted("<13>" + longest) + kGood), (Items{"f:<13>" + longest, kGoodItem}));
  EXPECT_EQ(split(counted("<13>x" + longest) + kGood), (Items{"long", kGoodItem}));
  EXPECT_EQ(split("<13>" + longest + "\n" + kGood), (Items{"f:<13>" + longest, kGoodItem}));
  EXPECT_EQ(split("<13>" + longest + "\r\n" + kGood), (Items{"f:<13>" + longest, kGoodItem}));
  EXPECT_EQ(split("<13>x" + longest + "\n" + kGood), (Items{"long", kGoodItem}));
  EXPECT_EQ(split("<13>" + std::string(900'000, 'y') + "\n" + kGood), (Items{"long", kGoodItem}));
  EXPECT_EQ(split(counted("<13>" + std::string(900'000, 'y')) + kGood), (Items{"long", kGoodItem}));
}

TEST(SyslogSplitter, text_of_a_message_that_is_counted_down_is_not_looked_at) {
  EXPECT_EQ(split(counted("<13>" + std::string(kMax, 'x') + kGood + "\n" + kGood) + kGood), (Items{"long", kGoodItem}));
}

TEST(SyslogSplitter, malformed_frames_do_not_cost_the_good_message_behind_them) {
  const std::string m = message("bad");
  const std::string size = std::to_string(m.size());
  for (const std::string& bad :
       {std::string("junk\n"), std::string("junk"), "0 " + m, "0" + size + " " + m, "000" + size + " " + m, "-1 " + m,
        size + "\t" + m, size + m, size + ":" + m, "x " + m, "99999999999999 " + m, std::string("0 \n"),
        std::string("99999 too long\r\n"), std::string("<>\n"), std::string("<junk>"), std::string("\xef\xbb\xbf\n"),
        std::string("\x16\x03\x01\x02"), std::string("GET / HTTP/1.1\r\n")}) {
    Items items = split(bad + kGood);
    ASSERT_EQ(items.size(), 2u) << bad;
    EXPECT_EQ(items, (Items{"bad", kGoodItem})) << bad;
    items = split(kGood + bad + kGood + kGood);
    EXPECT_EQ(items, (Items{kGoodItem, "bad", kGoodItem, kGoodItem})) << bad;
  }
}

TEST(SyslogSplitter, a_count_too_small_costs_only_its_own_message) {
  const std::string m = message("short of it");
  for (std::size_t missing = 1; missing < 5; ++missing) {
    const std::string cut = std::to_string(m.size() - missing) + " " + m;
    EXPECT_EQ(split(cut + kGood), (Items{"f:" + m.substr(0, m.size() - missing), "bad", kGoodItem})) << missing;
  }
}

TEST(SyslogSplitter, garbage_of_a_newline_framed_sender_ends_at_its_lf) {
  // A header in a text must not be able to begin a message.
  EXPECT_EQ(split("<13>a\nno message: " + kGood + "x\n<13>b\n"), (Items{"f:<13>a", "bad", "f:<13>b"}));
}

TEST(SyslogSplitter, what_has_no_end_is_given_up) {
  EXPECT_EQ(split(std::string(SyslogSplitter::kMostGarbage + 1, 'z')), Items{"lost"});
  EXPECT_EQ(split(std::string(SyslogSplitter::kMostGarbage, 'z')), Items{"open"});
  EXPECT_EQ(split("<13>" + std::string(SyslogSplitter::kLongestLine, 'z')), Items{"lost"});
  EXPECT_EQ(split("2000000 <13>" + std::string(SyslogSplitter::kMostGarbage, 'z')), Items{"lost"});
}

TEST(SyslogSplitter, is_given_up_at_the_same_byte_wherever_the_stream_is_cut) {
  for (const std::size_t size : {SyslogSplitter::kMostGarbage - 1, SyslogSplitter::kMostGarbage}) {
    const std::string stream = std::string(size, 'z') + "\n" + kGood;
    const Items whole = split(stream);
    for (const std::size_t cut : {std::size_t{1}, size - 1, size, size + 1})
      EXPECT_EQ(split(stream, {cut}), whole) << cut;
  }
}

TEST(SyslogSplitter, the_rest_of_a_line_is_a_message_when_the_stream_ends) {
  SyslogSplitter splitter(kMax);
  splitter.feed("<13>whole\n<13>rest");
  EXPECT_EQ(splitter.next(), Step::kFrame);
  EXPECT_EQ(splitter.next(), Step::kNeedMore);
  EXPECT_FALSE(splitter.may_be_whole());
  ASSERT_TRUE(splitter.take_rest());
  EXPECT_EQ(splitter.frame(), "<13>rest");
  EXPECT_TRUE(splitter.at_boundary());
  const std::string with_nul("<13>rest\0", 9);
  splitter.feed(with_nul);
  EXPECT_EQ(splitter.next(), Step::kNeedMore);
  EXPECT_TRUE(splitter.may_be_whole());
  ASSERT_TRUE(splitter.take_rest());
  EXPECT_EQ(splitter.frame(), "<13>rest");
  splitter.feed("12 <13>");
  EXPECT_EQ(splitter.next(), Step::kNeedMore);
  EXPECT_FALSE(splitter.take_rest());
}

const std::string kMixed =
    "5 hello<13>1 a\nx10 01234567893 ab\n junk17 <1>1 - - - - - - b\n0009 <1>1 cccc200 too long\n1 x150 <2>" +
    std::string(147, 'q') + std::string("<5>nul\0<6>line\r\n", 16) + "12x\n2 ok<7>" + std::string(120, 'w') +
    "\n1 a3 a\nb<8>";

TEST(SyslogSplitter, splitting_at_any_byte_changes_nothing) {
  const Items whole = split(kMixed, {}, 100);
  for (std::size_t a = 0; a <= kMixed.size(); ++a)
    for (std::size_t b = a; b <= kMixed.size(); b += 3) ASSERT_EQ(split(kMixed, {a, b}, 100), whole) << a << ' ' << b;
}

TEST(SyslogSplitter, one_byte_at_a_time_changes_nothing) {
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i < kMixed.size(); ++i) cuts.push_back(i);
  EXPECT_EQ(split(kMixed, cuts, 100), split(kMixed, {}, 100));
}

TEST(SyslogSplitter, what_was_framed_comes_back) {
  SeededRng rng(11);
  for (int round = 0; round < 200; ++round) {
    std::string stream;
    Items expected;
    for (int i = 0; i < 20; ++i) {
      std::string text(1 + rng.next() % 300, '\0');
      for (char& c : text) c = static_cast<char>(rng.next());
      const bool line = rng.next() % 2 == 0;
      if (line)
        for (char& c : text)
          if (c == '\n' || c == '\r' || c == '\0') c = ' ';
      const std::string whole = line ? "<13>" + text : text;
      stream += line ? whole + "\n" : counted(whole);
      expected.push_back("f:" + whole);
    }
    const std::size_t a = rng.next() % stream.size();
    EXPECT_EQ(split(stream, {a, a + rng.next() % (stream.size() - a)}), expected);
  }
}

}  // namespace
}  // namespace sluice
