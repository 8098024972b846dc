#include "drains/kinds/encoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drains/kinds/destination.hpp"
#include "drains/kinds/ledger.hpp"
#include "logplex/wire/notice.hpp"
#include "tests/unit/drains/drain_fixture.hpp"

namespace sluice::drains {
namespace {

std::unique_ptr<Encoder> encoder(const std::string& url, const std::string& format = "") {
  Drain drain = drain_to(url);
  drain.format = format;
  return std::move(make_encoder(drain, default_settings()).value());
}

std::string body(const std::string& url, const std::string& format, const std::string& text) {
  LineView line = line_of(text);
  line.msgid = "ID";
  line.structured_data = "[a k=\"v\"]";
  const OwnedRecord record(line);
  std::string out = "before|";
  encoder(url, format)->append(record.view(), out);
  return out;
}

TEST(Encoder, formats_by_url_and_name) {
  EXPECT_EQ(body("https://h/x", "", "hi\n"), "before|48 <190>1 2026-01-02T03:04:05Z host app web.1 - hi\n");
  EXPECT_EQ(body("http://h/x", "logplex", "hi"), "before|47 <190>1 2026-01-02T03:04:05Z host app web.1 - hi");
  EXPECT_EQ(body("http://h/x", "rfc5424", "hi"),
            "before|58 <190>1 2026-01-02T03:04:05Z web7 app web.1 ID [a k=\"v\"] hi");
  EXPECT_EQ(body("syslog://h", "", "hi"),
            "before|84 <190>1 2026-01-02T03:04:05Z " + kDrainToken + " app web.1 - - hi\n");
  EXPECT_EQ(body("syslog+tls://h", "rfc5424", "hi"),
            "before|59 <190>1 2026-01-02T03:04:05Z web7 app web.1 ID [a k=\"v\"] hi\n");
  EXPECT_THAT(body("http://h/x", "ndjson", "hi\n"), testing::EndsWith("\"text\":\"hi\"}\n"));
}

TEST(Encoder, unknown_formats_and_schemes_are_named) {
  Drain drain = drain_to("syslog://h");
  drain.format = "ndjson";
  EXPECT_THAT(make_encoder(drain, default_settings()).error().text(), testing::HasSubstr("'ndjson'"));
  EXPECT_THAT(make_encoder(drain_to("ftp://h/x"), default_settings()).error().text(), testing::HasSubstr("'ftp'"));
  EXPECT_FALSE(make_encoder(drain_to("no url"), default_settings()));
}

TEST(Encoder, only_http_receivers_are_told_ways_and_a_split_keeps_them) {
  EXPECT_TRUE(encoder("http://h/x")->tells_ways());
  EXPECT_TRUE(encoder("http://h/x", "rfc5424")->tells_ways());
  EXPECT_FALSE(encoder("syslog://h", "rfc5424")->tells_ways());
  const OwnedRecord record(line_of("hi"));
  const auto http = encoder("http://h/x");
  const std::uint64_t id = 7;
  Frame frame;
  for (int i = 0; i < 4; ++i) {
    if (i % 2 == 1) frame.passed.add(frame.messages(), {&id, 1});
    http->append(record.view(), frame.body);
    ++frame.lines;
  }
  frame.runs = {{1, 1, 4}};
  EXPECT_EQ(frame.ways().text(), "0000000000000007=2,4");
  const auto halves = http->split(frame);
  ASSERT_TRUE(halves);
  EXPECT_EQ(halves->second.ways().text(), "0000000000000007=2");
}

/// Ordinary lines stay as they are: only those that another Sluice may take in, or that come from one, grow.
TEST(Encoder, syslog_lines_that_may_come_back_name_the_logs_they_passed) {
  const std::string token = "t.6ba7b810-9dad-41d1-80b4-00c04fd430c9";
  const std::uint64_t before[] = {0x11, 0x7};
  const auto written = [&](const std::string& format, const std::string& source, std::size_t passed,
                           const std::string& elements) {
    Drain drain = drain_to("syslog://h");
    drain.format = format;
    LineView line = line_of("hi");
    line.source = source;
    line.structured_data = elements;
    line.passed = {before, passed};
    std::string out;
    const OwnedRecord record(line);
    const auto encode = make_encoder(drain, default_settings(), nullptr, {0x7, [] { return std::uint64_t{0x99}; }});
    encode.value()->append(record.view(), out);
    return out.substr(out.find(' ') + 1);
  };
  const std::string own = "[sluice@32473 passed=\"0000000000000007,0000000000000099";
  EXPECT_EQ(written("rfc5424", "app", 0, ""), "<190>1 2026-01-02T03:04:05Z web7 app web.1 - - hi\n");
  EXPECT_EQ(written("rfc5424", token, 0, ""),
            "<190>1 2026-01-02T03:04:05Z web7 " + token + " web.1 - " + own + "\"] hi\n");
  EXPECT_EQ(written("rfc5424", "app", 2, "[a k=\"v\"]"),
            "<190>1 2026-01-02T03:04:05Z web7 app web.1 - " + own + ",0000000000000011\"][a k=\"v\"] hi\n");
  EXPECT_EQ(written("logplex", token, 0, ""),
            "<190>1 2026-01-02T03:04:05Z " + kDrainToken + " " + token + " web.1 - - hi\n");
  EXPECT_EQ(written("logplex", "app", 2, ""),
            "<190>1 2026-01-02T03:04:05Z " + kDrainToken +
                " app web.1 - [sluice@32473 passed=\"0000000000000011,0000000000000007\"] hi\n");
}

TEST(Encoder, framed_messages_are_little_longer_than_their_records) {
  LineView least;
  least.pri = 191;
  for (const unsigned size : {0U, 1U, 7U, 100U, 9999U, 65535U})
    for (const char* const url : {"https://h/x", "syslog://h"})
      for (const char* const format : {"logplex", "rfc5424"}) {
        const std::string text(size, 'x');
        least.text = text;
        const OwnedRecord record(least);
        std::string out;
        encoder(url, format)->append(record.view(), out);
        EXPECT_LE(out.size(), record.view().size() + Encoder::kMessageExtra) << url << format << size;
        EXPECT_GT(out.size(), size);
      }
}

void expect_split(const std::string& url, const std::string& format) {
  const auto encode = encoder(url, format);
  Frame frame;
  std::vector<std::string> parts;
  for (int i = 0; i < 5; ++i) {
    std::string one;
    encode->append(OwnedRecord(line_of("line\n" + std::to_string(i))).view(), one);
    parts.push_back(one);
    frame.body += one;
  }
  frame.lines = 4;
  frame.notices = {2};
  const auto halves = encode->split(frame);
  ASSERT_TRUE(halves);
  EXPECT_EQ(halves->first.body, parts[0] + parts[1]);
  EXPECT_EQ(halves->second.body, parts[2] + parts[3] + parts[4]);
  EXPECT_EQ(halves->first.lines, 2u);
  EXPECT_EQ(halves->second.lines, 2u);
  EXPECT_TRUE(halves->first.notices.empty());
  EXPECT_EQ(halves->second.notices, std::vector<std::uint64_t>{0});
}

TEST(Encoder, splits_between_messages) {
  expect_split("http://h/", "");
  expect_split("http://h/", "ndjson");
  expect_split("syslog://h/", "");
}

TEST(Encoder, one_message_is_not_split) {
  EXPECT_FALSE(encoder("http://h/")->split(frame_of("3 abc")));
  EXPECT_FALSE(encoder("http://h/", "ndjson")->split(frame_of("{}\n")));
}

TEST(Destination, default_ports_and_options) {
  const auto port = [](const char* url) { return parse_destination(drain_to(url)).value().port; };
  EXPECT_EQ(port("http://h"), 80);
  EXPECT_EQ(port("https://h"), 443);
  EXPECT_EQ(port("syslog://h"), 601);
  EXPECT_EQ(port("syslog+tls://h"), 6514);
  EXPECT_EQ(port("syslog+tls://h:99"), 99);
  EXPECT_TRUE(parse_destination(drain_to("syslog+tls://h#insecure"))->insecure);
  EXPECT_FALSE(parse_destination(drain_to("syslog+tls://h"))->insecure);
  EXPECT_FALSE(parse_destination(drain_to("https://h#insecure"))->insecure);
}

TEST(Ledger, parts_of_shards_add_up) {
  Ledger a;
  a.offered = 5;
  a.delivered = 5;
  a.state = DrainState::kActive;
  a.last_success = WallTime(std::chrono::seconds(1));
  Ledger b;
  b.offered = 3;
  b.pending_lines = 3;
  b.state = DrainState::kDegraded;
  b.last_error = "refused";
  b.oldest_pending = WallTime(std::chrono::seconds(2));
  a.add(b);
  EXPECT_EQ(a.offered, 8u);
  EXPECT_EQ(a.pending_lines, 3u);
  EXPECT_EQ(a.state, DrainState::kDegraded);
  EXPECT_EQ(a.last_error, "refused");
  EXPECT_EQ(a.oldest_pending, b.oldest_pending);
}

}  // namespace
}  // namespace sluice::drains
