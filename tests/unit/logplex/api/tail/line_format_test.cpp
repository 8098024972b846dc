#include "logplex/api/tail/line_format.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "logplex/wire/notice.hpp"

namespace sluice::api {
namespace {

const WallTime kNow = std::chrono::sys_days{std::chrono::year{2026} / 3 / 4} + std::chrono::hours(5);

std::string rendered(LineFormat format, std::string_view text) {
  LineView line;
  line.pri = 190;
  line.received = kNow;
  line.time = "2024-05-06T07:08:09.123456+00:00";
  line.source = "app";
  line.process = "web.1";
  line.text = text;
  std::string out;
  append_line(out, format, OwnedRecord(line).view(), "c-1");
  return out;
}

std::string gap(LineFormat format) {
  std::string out;
  append_gap(out, format, LineGap{17, "retention", kNow}, "c-9", kNow);
  return out;
}

TEST(LineFormat, text_and_frames) {
  EXPECT_EQ(rendered(LineFormat::kText, "hi"), "2024-05-06T07:08:09.123456+00:00 app[web.1]: hi\n");
  EXPECT_EQ(rendered(LineFormat::kText, "hi\n"), "2024-05-06T07:08:09.123456+00:00 app[web.1]: hi\n");
  EXPECT_EQ(rendered(LineFormat::kLogplex, "hi"), "60 <190>1 2024-05-06T07:08:09.123456+00:00 host app web.1 - hi\n");
}

TEST(LineFormat, events_split_at_every_kind_of_line_end) {
  EXPECT_EQ(rendered(LineFormat::kEvents, "a\nb\r\nc\rd\n"),
            "id: c-1\ndata: 2024-05-06T07:08:09.123456+00:00 app[web.1]: a\ndata: b\ndata: c\ndata: d\n\n");
}

TEST(LineFormat, json_has_the_fields_and_the_cursor) {
  const auto line = rendered(LineFormat::kNdjson, "x\"y\nz\n");
  ASSERT_TRUE(line.ends_with("\n"));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto object = boost::json::parse(line);
  EXPECT_EQ(object.at("text").as_string(), "x\"y\nz");
  EXPECT_EQ(object.at("source").as_string(), "app");
  EXPECT_EQ(object.at("process").as_string(), "web.1");
  EXPECT_EQ(object.at("level").as_string(), "info");
  EXPECT_EQ(object.at("cursor").as_string(), "c-1");
  const auto event = rendered(LineFormat::kEventsJson, "x");
  ASSERT_TRUE(event.starts_with("id: c-1\ndata: {"));
  EXPECT_TRUE(event.ends_with("}\n\n"));
}

TEST(LineFormat, gaps_say_how_many) {
  EXPECT_NE(gap(LineFormat::kText)
                .find("logplex[1]: Error L11 (Tail buffer overflow) -> This tail session dropped 17 "
                      "messages since 2026-03-04T05:00:00+00:00."),
            std::string::npos);
  EXPECT_EQ(gap(LineFormat::kEvents), "id: c-9\nevent: gap\ndata: {\"lost\":17,\"reason\":\"retention\"}\n\n");
  EXPECT_EQ(gap(LineFormat::kNdjson), "{\"gap\":{\"lost\":17,\"reason\":\"retention\"},\"cursor\":\"c-9\"}\n");
}

TEST(LineFormat, chosen_by_accept) {
  EXPECT_EQ(choose_format("", false, true), LineFormat::kLogplex);
  EXPECT_EQ(choose_format("*/*", false, true), LineFormat::kLogplex);
  EXPECT_EQ(choose_format("text/plain", false, true), LineFormat::kText);
  EXPECT_EQ(choose_format("*/*", false, false), LineFormat::kText);
  EXPECT_EQ(choose_format("text/event-stream", false, false), LineFormat::kEvents);
  EXPECT_EQ(choose_format("text/event-stream", true, false), LineFormat::kEventsJson);
  EXPECT_EQ(choose_format("application/x-ndjson", false, true), LineFormat::kNdjson);
  EXPECT_EQ(choose_format("application/logplex-1", false, false), std::nullopt);
  EXPECT_EQ(choose_format("image/png", false, true), std::nullopt);
}

TEST(LineFormat, a_cursor_alone_is_for_json_events) {
  std::string out;
  for (const auto format : {LineFormat::kText, LineFormat::kEvents, LineFormat::kNdjson, LineFormat::kLogplex})
    append_cursor(out, format, "c-1");
  EXPECT_EQ(out, "");
  append_cursor(out, LineFormat::kEventsJson, "c-1");
  EXPECT_EQ(out, "id: c-1\n\n");
}

}  // namespace
}  // namespace sluice::api
