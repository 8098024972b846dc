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
           Case{"[a][b] x", "[a][b]", "x"},
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
       }) {
    const LineView line = parsed("<13>1 t h a p m " + std::string(c.rest));
    EXPECT_EQ(line.structured_data, c.sd) << c.rest;
    EXPECT_EQ(line.text, c.text) << c.rest;
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

}  // namespace
}  // namespace sluice
