#include "logplex/wire/syslog_parse.hpp"

#include <deque>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr std::string_view kNow = "2026-01-02T03:04:05.000000+00:00";
const std::string kToken = "t.6ba7b810-9dad-41d1-80b4-00c04fd430c8";

/// The views stay valid: every message is kept until the program ends.
LineView parsed(std::string text) {
  static std::deque<std::string> kept;
  const std::string& message = kept.emplace_back(std::move(text));
  const auto line = parse_syslog(message);
  EXPECT_TRUE(line) << message;
  return line.value_or(LineView{});
}

TEST(SyslogParse, reads_every_field) {
  const LineView line =
      parsed("<174>1 2012-07-22T00:06:26-07:00 somehost erlang console.1 ID47 [a@1 k=\"v\"] Hi from erlang\n");
  EXPECT_EQ(line.pri, 174);
  EXPECT_EQ(line.time, "2012-07-22T00:06:26-07:00");
  EXPECT_EQ(line.host, "somehost");
  EXPECT_EQ(line.source, "erlang");
  EXPECT_EQ(line.process, "console.1");
  EXPECT_EQ(line.msgid, "ID47");
  EXPECT_EQ(line.structured_data, "[a@1 k=\"v\"]");
  EXPECT_EQ(line.text, "Hi from erlang\n");
}

TEST(SyslogParse, priority_is_0_to_191_without_leading_zeros) {
  EXPECT_EQ(parsed("<0>1 t h a p m - x").pri, 0);
  EXPECT_EQ(parsed("<191>1 t h a p m - x").pri, 191);
  for (const char* pri : {"<192>", "<999>", "<1234>", "<>", "<-1>", "<1", "1>", "<01>", "<007>", "<a>", "< 1>"})
    EXPECT_FALSE(parse_syslog(std::string(pri) + "1 t h a p m - x")) << pri;
}

TEST(SyslogParse, only_version_1) {
  for (const char* version : {"2 ", "11 ", " ", "", "1\t"})
    EXPECT_FALSE(parse_syslog(std::string("<13>") + version + "t h a p m - x")) << version;
}

TEST(SyslogParse, missing_structured_data_leaves_the_text_whole) {
  const LineView line = parsed("<190>1 t host app console.1 - text with words");
  EXPECT_EQ(line.msgid, "-");
  EXPECT_EQ(line.structured_data, "");
  EXPECT_EQ(line.text, "text with words");
  EXPECT_EQ(parsed("<190>1 t h a p -  two blanks").text, " two blanks");
  EXPECT_EQ(parsed("<190>1 t h a p - -text").text, "-text");
}

TEST(SyslogParse, structured_data_forms) {
  struct Case {
    std::string_view rest, sd, text;
  };
  for (const Case& c : {
           Case{"- text", "-", "text"},
           Case{"-", "-", ""},
           Case{"- ", "-", ""},
           Case{"-  x", "-", " x"},
           Case{"- [not sd] x", "-", "[not sd] x"},
           Case{"[a k=\"v\"]", "[a k=\"v\"]", ""},
           Case{"[a x=\"1\"][b y=\"\"] x", "[a x=\"1\"][b y=\"\"]", "x"},
           Case{"[meta sequenceId=\"1\"][meta enterpriseId=\"1\"] x [y]",
                "[meta sequenceId=\"1\"][meta enterpriseId=\"1\"]", "x [y]"},
           Case{"[a k=\"x\\]y\"] x", "[a k=\"x\\]y\"]", "x"},
           Case{"[a k=\"\\\\\"] x", "[a k=\"\\\\\"]", "x"},
           Case{"[a k=\"v\" open", "", "[a k=\"v\" open"},
           Case{"[a k=\"v\\", "", "[a k=\"v\\"},
           Case{"[] x", "", "[] x"},
           Case{"[ x] y", "", "[ x] y"},
           Case{"[a]b c", "", "[a]b c"},
           Case{"[2026-01-02 03:04:05] starting", "", "[2026-01-02 03:04:05] starting"},
           Case{"[a b] text", "", "[a b] text"},
           Case{"[info] started", "", "[info] started"},
           Case{"[2] Puma starting", "", "[2] Puma starting"},
           Case{"[INFO] [main] ready", "", "[INFO] [main] ready"},
           Case{"[error][db] lost", "", "[error][db] lost"},
           Case{"[tid:5] x", "", "[tid:5] x"},
           Case{"[info]", "", "[info]"},
           Case{"[a][b k=\"v\"] x", "", "[a][b k=\"v\"] x"},
           Case{"[b k=\"v\"][a] x", "", "[b k=\"v\"][a] x"},
           Case{"[a k=v] x", "", "[a k=v] x"},
           Case{"[a k=\"v\" and more] x", "", "[a k=\"v\" and more] x"},
           Case{"[a k=\"x]y\"] x", "", "[a k=\"x]y\"] x"},
           Case{"-[a k=\"v\"] x", "", "-[a k=\"v\"] x"},
           Case{"-dash", "", "-dash"},
       }) {
    const LineView line = parsed("<13>1 t h a p m " + std::string(c.rest));
    EXPECT_EQ(line.structured_data, c.sd) << c.rest;
    EXPECT_EQ(line.text, c.text) << c.rest;
  }
}

/// What Logplex, Heroku's drains and our own HTTP drains write has no structured data.
TEST(SyslogParse, text_of_a_post_is_not_taken_for_structured_data) {
  for (const char* text : {"[info] started", "[2] Puma starting", "[INFO] [main] ready", "[error][db] lost",
                           "[tid:5] x", "[info]", "[x k=\"v\"] y", "[x k=\"v\"]", "-dash", "--", ""}) {
    const std::string message = "<190>1 2026-11-28T10:00:00Z host app web.1 - " + std::string(text);
    const auto line = parse_syslog(message, StructuredData::kNilOnly);
    ASSERT_TRUE(line) << text;
    EXPECT_EQ(line->text, text);
    EXPECT_EQ(line->structured_data, "");
    const std::string nil = "<190>1 2026-11-28T10:00:00Z host app web.1 - - " + std::string(text);
    const auto with_nil = parse_syslog(nil, StructuredData::kNilOnly);
    EXPECT_EQ(with_nil->text, text);
    EXPECT_EQ(with_nil->structured_data, "-");
  }
}

TEST(SyslogParse, text_may_hold_any_byte) {
  const std::string text("a\0b\r\n\xff\n[", 9);
  EXPECT_EQ(parsed("<13>1 t h a p m - " + text).text, text);
}

TEST(SyslogParse, message_may_end_after_the_header) {
  EXPECT_EQ(parsed("<13>1 t h a p m").msgid, "m");
  EXPECT_EQ(parsed("<13>1 t h a p m").text, "");
  EXPECT_EQ(parsed("<13>1 t h a p m ").text, "");
}

TEST(SyslogParse, short_or_broken_headers_are_refused) {
  for (const char* message :
       {"", "<13>1", "<13>1 ", "<13>1 t", "<13>1 t h a p", "<13>1 t h a p ", "<13>1 t  h a p m - x",
        "<13>1  t h a p m - x", "<13>1 t h\na p m - x", "<13>1 t h a\tb p m - x", "hello world",
        "<13>Oct 11 22:14:15 mymachine su: failed for x"})
    EXPECT_FALSE(parse_syslog(message)) << message;
}

TEST(SyslogParse, header_fields_have_at_most_255_bytes) {
  const std::string longest(255, 'h');
  EXPECT_EQ(parsed("<13>1 t " + longest + " a p m - x").host, longest);
  EXPECT_FALSE(parse_syslog("<13>1 t h" + longest + " a p m - x"));
}

// The scanner looks at 16 bytes at a time: fields of every length move every end over the block's border.
TEST(SyslogParse, field_lengths_do_not_matter) {
  for (std::size_t a = 1; a < 40; ++a) {
    for (std::size_t b = 1; b < 40; ++b) {
      const std::string host(a, 'h');
      const std::string process(b, 'p');
      const std::string message = "<13>1 t " + host + " app " + process + " m - text";
      const LineView line = parsed(message);
      EXPECT_EQ(line.host, host);
      EXPECT_EQ(line.process, process);
      EXPECT_EQ(line.text, "text");
    }
  }
}

TEST(ParseOrWrap, wraps_what_cannot_be_parsed) {
  const LineView line = parse_or_wrap("<13>Oct 11 22:14:15 mymachine su: failed", kNow);
  EXPECT_EQ(line.pri, 13);
  EXPECT_EQ(line.time, kNow);
  EXPECT_EQ(line.text, "<13>Oct 11 22:14:15 mymachine su: failed");
  EXPECT_TRUE(line.host.empty());
  EXPECT_EQ(parse_or_wrap("no syslog at all", kNow).pri, 14);
  EXPECT_EQ(parse_or_wrap("<999>1 t h a p m - x", kNow).pri, 14);
}

TEST(ParseOrWrap, leaves_good_messages_alone) {
  EXPECT_EQ(parse_or_wrap("<13>1 2012 h a p m - x", kNow).time, "2012");
  EXPECT_EQ(parse_or_wrap("<13>1 2012 h a p m - x", kNow).text, "x");
}

TEST(Token, is_t_dot_uuid_and_nothing_else) {
  EXPECT_TRUE(parse_token(kToken));
  EXPECT_EQ(parse_token(kToken)->str(), kToken.substr(2));
  for (const std::string& field :
       {kToken + "0", kToken.substr(0, 37), "d" + kToken.substr(1), std::string("t."), std::string()})
    EXPECT_FALSE(parse_token(field)) << field;
}

TEST(Token, is_found_in_the_fourth_field) {
  EXPECT_EQ(find_token("<13>1 t h " + kToken + " p m - x"), parse_token(kToken));
  EXPECT_EQ(find_token("<13>1  t h   " + kToken + " p"), parse_token(kToken));
  EXPECT_EQ(find_token("<13>1 t h " + kToken), parse_token(kToken));
  EXPECT_EQ(parse_token(parsed("<13>1 t h " + kToken + " p m - x").source), parse_token(kToken));
  EXPECT_FALSE(find_token("<13>1 t " + kToken + " p m - x"));
  EXPECT_FALSE(find_token("<13>1 t h app p m - " + kToken));
  EXPECT_FALSE(find_token("<13>1 t h"));
  EXPECT_FALSE(find_token("<13>1 t h   "));
  EXPECT_FALSE(find_token(""));
}

TEST(Token, is_the_tag_of_an_rfc_3164_message) {
  for (const char* head : {"<13>Nov  8 22:14:15 ", "<13>Nov 28 22:14:15 host "})
    for (const char* tail : {": text", "[123]: text", ":", ""})
      EXPECT_EQ(find_token(head + kToken + tail), parse_token(kToken)) << head << tail;
  EXPECT_FALSE(find_token("<13>Nov 28 22:14:15 host app: " + kToken));
  EXPECT_FALSE(find_token("<13>Nov 28 22:14:15 host " + kToken + "x: text"));
  EXPECT_FALSE(find_token("some words before a token " + kToken));
}

TEST(Token, is_found_wherever_it_stands) {
  const std::string text = "t.x " + kToken + kToken + " t.";
  const auto first = next_token(text, 0);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->at, 4u);
  EXPECT_EQ(next_token(text, 5)->at, 4 + kToken.size());
  EXPECT_FALSE(next_token(text, 5 + kToken.size()));
}

}  // namespace
}  // namespace sluice
