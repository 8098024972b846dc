#include "logplex/wire/render.hpp"

#include <array>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "logplex/base/rng.hpp"
#include "logplex/wire/frame_splitter.hpp"
#include "logplex/wire/notice.hpp"
#include "logplex/wire/render_sink.hpp"
#include "logplex/wire/syslog_parse.hpp"
#include "logplex/wire/timestamp.hpp"
#include "tests/support/golden.hpp"

namespace sluice {
namespace {

constexpr WallTime kNow{std::chrono::microseconds(1767323045678901)};
const std::string kDrain = "d.6ba7b810-9dad-41d1-80b4-00c04fd430c8";

OwnedRecord record_of(std::string_view message) {
  LineView line = parse_or_wrap(message, "2026-01-02T03:04:05.678901+00:00");
  line.received = kNow;
  return OwnedRecord(line);
}

/// One format as a function from record to text, which also checks that the size is exact.
template <class Size, class Write, class... Args>
std::string rendered(const OwnedRecord& record, Size size, Write write, const Args&... args) {
  const std::size_t expected = size(record.view(), args...);
  std::string text(expected + 16, '\x7f');
  const char* end = write(record.view(), args..., text.data());
  EXPECT_EQ(end, text.data() + expected);
  EXPECT_EQ(text.substr(expected), std::string(16, '\x7f'));
  return text.substr(0, expected);
}

std::string http(const OwnedRecord& r) { return rendered(r, http_frame_size, write_http_frame); }
std::string syslog(const OwnedRecord& r) {
  return rendered(r, syslog_frame_size, write_syslog_frame, std::string_view(kDrain));
}
std::string history(const OwnedRecord& r) { return rendered(r, history_frame_size, write_history_frame); }
std::string tail(const OwnedRecord& r) { return rendered(r, tail_line_size, write_tail_line); }
std::string json(const OwnedRecord& r) { return rendered(r, json_line_size, write_json_line, std::string_view("1-2")); }
std::string full(const OwnedRecord& r, Newline newline) { return rendered(r, rfc5424_size, write_rfc5424, newline); }
std::string full_frame(const OwnedRecord& r) {
  return rendered(r, rfc5424_frame_size, write_rfc5424_frame, Newline::kAsIs);
}

TEST(Render, http_frame_has_logplex_bytes) {
  EXPECT_EQ(http(record_of("<174>1 2012-07-22T00:06:26+00:00 somehost erlang console ID [a k=\"v\"] Hi from erlang\n")),
            "70 <174>1 2012-07-22T00:06:26+00:00 host erlang console - Hi from erlang\n");
}

TEST(Render, newline_is_kept_but_not_added_for_http) {
  EXPECT_EQ(http(record_of("<1>1 t h a p m - x\n")), "20 <1>1 t host a p - x\n");
  EXPECT_EQ(http(record_of("<1>1 t h a p m - x")), "19 <1>1 t host a p - x");
}

TEST(Render, syslog_frame_has_the_drain_token_and_one_newline) {
  const std::string expected = "56 <1>1 t " + kDrain + " a p - - x\n";
  EXPECT_EQ(syslog(record_of("<1>1 t h a p m - x")), expected);
  EXPECT_EQ(syslog(record_of("<1>1 t h a p m - x\n")), expected);
}

/// Sizes are written digit by digit or by the pair.
TEST(Render, numbers_of_every_size_are_decimal) {
  const auto check = [](std::uint64_t number) {
    std::array<char, 32> bytes{};
    WriteSink sink(bytes.data());
    sink.put_number(number);
    EXPECT_EQ(std::string_view(bytes.data(), static_cast<std::size_t>(sink.end() - bytes.data())),
              std::to_string(number));
    EXPECT_EQ(decimal_size(number), std::to_string(number).size());
  };
  for (std::uint64_t number = 0; number < 20'000; ++number) check(number);
  for (std::uint64_t power = 1; power < std::uint64_t{10'000'000'000'000'000'000u}; power *= 10)
    for (const std::uint64_t number : {power - 1, power, power + 1}) check(number);
  check(~std::uint64_t{0});
}

TEST(Render, drain_token_can_be_patched_in_place) {
  for (const std::size_t text_size : {0u, 1u, 30u, 900u, 930u, 9000u}) {
    const OwnedRecord record = record_of("<150>1 time h a p m - " + std::string(text_size, 'x'));
    EXPECT_EQ(syslog(record).substr(syslog_frame_host_offset(record.view(), syslog(record)), kDrain.size()), kDrain);
  }
}

TEST(Render, history_frame_ends_with_one_newline) {
  EXPECT_EQ(history(record_of("<1>1 t h a p m - x")), "20 <1>1 t host a p - x\n");
  EXPECT_EQ(history(record_of("<1>1 t h a p m - x\n")), "20 <1>1 t host a p - x\n");
}

TEST(Render, tail_line) {
  EXPECT_EQ(tail(record_of("<190>1 2012-12-10T03:00:48.123456Z h app console.1 - - test message 1")),
            "2012-12-10T03:00:48.123456Z app[console.1]: test message 1\n");
  EXPECT_EQ(tail(record_of("<190>1 t h a p - - two\nlines\n")), "t a[p]: two\n    lines\n");
}

TEST(Render, nobody_forges_a_tail_line_inside_another) {
  const std::string forged = "2026-01-01T00:00:00+00:00 heroku[router]: at=info";
  EXPECT_EQ(tail(record_of("<190>1 t h a p - - x\r\n" + forged + "\r\n")), "t a[p]: x\n    " + forged + "\r\n");
  EXPECT_EQ(tail(record_of("<190>1 t h a p - - x\r" + forged)), "t a[p]: x\\r" + forged + "\n");
  EXPECT_EQ(tail(record_of("<190>1 t h a p - - \n\n")), "t a[p]: \n    \n");
}

TEST(Render, rfc5424_keeps_everything) {
  const std::string message = "<174>1 2012-07-22T00:06:26.5Z somehost erlang console ID [a k=\"v\"] Hi\n";
  const OwnedRecord record = record_of(message);
  EXPECT_EQ(full(record, Newline::kAsIs), message);
  EXPECT_EQ(full(record, Newline::kEnsured), message);
  EXPECT_EQ(full(record, Newline::kRemoved), message.substr(0, message.size() - 1));
  EXPECT_EQ(full(record_of("<1>1 - h a p m - x"), Newline::kEnsured), "<1>1 - h a p m - x\n");
  EXPECT_EQ(full_frame(record_of("<1>1 - h a p m - x")), "18 <1>1 - h a p m - x");
}

/// RFC 5424, section 6: HOSTNAME, APP-NAME, PROCID and MSGID are ASCII of at most 255, 48, 128 and 32 bytes.
TEST(Render, rfc5424_header_keeps_its_limits) {
  const auto of = [](const std::string& time, const std::string& host, std::size_t source, std::size_t process,
                     std::size_t msgid) {
    LineView line;
    line.pri = 190;
    line.time = time;
    line.host = host;
    const std::string a(source, 'a');
    const std::string p(process, 'p');
    const std::string m(msgid, 'm');
    line.source = a;
    line.process = p;
    line.msgid = m;
    line.text = "text é\n";
    return full(OwnedRecord(line), Newline::kAsIs);
  };
  const auto wanted = [](const std::string& time, const std::string& host, std::size_t source, std::size_t process,
                         std::size_t msgid) {
    return "<190>1 " + time + " " + host + " " + std::string(source, 'a') + " " + std::string(process, 'p') + " " +
           std::string(msgid, 'm') + " - text é\n";
  };
  const std::string now = "2026-01-02T03:04:05.678901+00:00";
  EXPECT_EQ(of(now, "host", 48, 128, 32), wanted(now, "host", 48, 128, 32));
  EXPECT_EQ(of(now, "host", 68, 200, 60), wanted(now, "host", 48, 128, 32));
  EXPECT_EQ(of(now, "hé", 1, 1, 1), wanted(now, "h??", 1, 1, 1));
  EXPECT_EQ(of(now, std::string(300, 'h'), 1, 1, 1), wanted(now, std::string(255, 'h'), 1, 1, 1));
  for (const char* time : {"2026-01-02T03:04:05Z", "2026-12-31T23:59:59.1-11:30"})
    EXPECT_EQ(of(time, "h", 1, 1, 1), wanted(time, "h", 1, 1, 1));
  for (const char* time : {"t", "2012", "2026-13-02T03:04:05Z", "2026-01-02 03:04:05Z", "2026-01-02T03:04:05",
                           "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05.1234567Z", "2026-01-02T03:04:60Z",
                           "2026-01-02T03:04:05+0000", "2026-01-02T24:04:05Z", "heute"})
    EXPECT_EQ(of(time, "h", 1, 1, 1), wanted("-", "h", 1, 1, 1)) << time;
}

TEST(Render, json_line) {
  EXPECT_EQ(json(record_of("<174>1 2012 somehost app web.1 - - say \"hi\"\n")),
            "{\"cursor\":\"1-2\",\"time\":\"2012\",\"received\":\"2026-01-02T03:04:05.678901+00:00\",\"priority\":174,"
            "\"facility\":21,\"level\":\"info\",\"host\":\"somehost\",\"source\":\"app\",\"process\":\"web.1\","
            "\"text\":\"say \\\"hi\\\"\"}\n");
}

TEST(Render, json_is_readable_by_another_implementation_for_any_bytes) {
  SeededRng rng(5);
  for (int i = 0; i < 2000; ++i) {
    std::string text(rng.next() % 40, '\0');
    for (char& c : text) c = static_cast<char>(rng.next());
    const std::string line = json(record_of("<174>1 t h a p m - " + text));
    boost::json::error_code error;
    const auto value = boost::json::parse(line, error);
    EXPECT_FALSE(error) << line;
    EXPECT_EQ(value.at("source").as_string(), "a");
  }
}

TEST(Render, json_keeps_utf8_and_replaces_the_rest) {
  const auto text_of = [](const std::string& text) {
    return std::string(boost::json::parse(json(record_of("<1>1 t h a p m - " + text))).at("text").as_string());
  };
  const std::string good = "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80 \x7f\t\r\x01";
  EXPECT_EQ(text_of(good), good);
  for (const std::string bad :
       {"\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xf4\x90\x80\x80", "\xff"}) {
    const std::string shown = text_of("a" + bad + "b");
    EXPECT_EQ(shown.size(), 2 + 3 * bad.size()) << bad;
    EXPECT_EQ(shown.substr(1, 3), "\xef\xbf\xbd");
  }
}

TEST(Render, frames_of_any_line_come_back_through_splitter_and_parser) {
  SeededRng rng(9);
  std::string stream;
  std::vector<std::string> texts;
  for (int i = 0; i < 500; ++i) {
    std::string text(rng.next() % 200, '\0');
    for (char& c : text) c = static_cast<char>(rng.next());
    texts.push_back(text);
    stream += full_frame(record_of("<174>1 t h a p m - " + text));
  }
  FrameSplitter splitter(10240);
  splitter.feed(stream);
  for (const std::string& text : texts) {
    ASSERT_EQ(splitter.next(), FrameSplitter::Step::kFrame);
    EXPECT_EQ(parse_syslog(splitter.frame())->text, text);
  }
  EXPECT_TRUE(splitter.at_boundary());
}

TEST(Render, golden_files) {
  const std::string in = read_golden("wire/messages.in");
  FrameSplitter splitter(10240);
  splitter.feed(in);
  std::string out[7];
  for (auto step = splitter.next(); step != FrameSplitter::Step::kNeedMore; step = splitter.next()) {
    ASSERT_EQ(step, FrameSplitter::Step::kFrame);
    const OwnedRecord record = record_of(splitter.frame());
    out[0] += http(record);
    out[1] += syslog(record);
    out[2] += history(record);
    out[3] += tail(record);
    out[4] += full(record, Newline::kEnsured);
    out[5] += full_frame(record);
    out[6] += json(record);
  }
  ASSERT_TRUE(splitter.at_boundary());
  const char* names[] = {"http", "syslog", "history", "tail", "rfc5424", "rfc5424-frames", "ndjson"};
  for (std::size_t i = 0; i < std::size(names); ++i) expect_golden(std::string("wire/messages.") + names[i], out[i]);
}

TEST(Notice, l10_in_each_format) {
  const OwnedRecord l10 = l10_notice(17, kNow - std::chrono::seconds(5), kNow);
  EXPECT_EQ(
      http(l10),
      "143 <172>1 2026-01-02T03:04:05+00:00 host heroku logplex - Error L10 (output buffer overflow): 17 messages "
      "dropped since 2026-01-02T03:04:00+00:00.");
  EXPECT_EQ(syslog(l10), "180 <172>1 2026-01-02T03:04:05+00:00 " + kDrain +
                             " heroku logplex - - Error L10 (output buffer overflow): 17 messages dropped since "
                             "2026-01-02T03:04:00+00:00.\n");
}

TEST(Notice, l11_as_a_tail_line) {
  EXPECT_EQ(tail(l11_notice(3, kNow, kNow)),
            "2026-01-02T03:04:05+00:00 logplex[1]: Error L11 (Tail buffer overflow) -> This tail session dropped 3 "
            "messages since 2026-01-02T03:04:05+00:00.\n");
}

TEST(Notice, l14_names_the_error_and_the_drain) {
  EXPECT_EQ(full(l14_notice("bad certificate", "syslog+tls://h:6514", kDrain, kNow), Newline::kAsIs),
            "<188>1 2026-01-02T03:04:05+00:00 " + kDrain +
                " heroku logplex - - Error L14 (certificate validation): error=\"bad certificate\" "
                "uri=\"syslog+tls://h:6514\"");
}

TEST(Timestamp, has_six_digits_and_utc) {
  EXPECT_EQ(timestamp(kNow), "2026-01-02T03:04:05.678901+00:00");
  EXPECT_EQ(timestamp(WallTime{}), "1970-01-01T00:00:00.000000+00:00");
  EXPECT_EQ(timestamp(WallTime{std::chrono::microseconds(-1)}), "1969-12-31T23:59:59.999999+00:00");
  EXPECT_EQ(timestamp(WallTime::max()), "9999-12-31T23:59:59.999999+00:00");
  EXPECT_EQ(timestamp(WallTime::min()), "0000-01-01T00:00:00.000000+00:00");
  EXPECT_EQ(timestamp_seconds(kNow), "2026-01-02T03:04:05+00:00");
}

TEST(TimestampCache, follows_the_clock) {
  TimestampCache cache;
  EXPECT_EQ(cache.text(kNow), timestamp(kNow));
  EXPECT_EQ(cache.text(kNow), timestamp(kNow));
  EXPECT_EQ(cache.text(kNow + std::chrono::seconds(1)), timestamp(kNow + std::chrono::seconds(1)));
}

}  // namespace
}  // namespace sluice
