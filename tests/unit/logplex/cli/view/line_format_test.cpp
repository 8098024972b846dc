#include "logplex/cli/view/line_format.hpp"

#include <set>

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

LogLine app_line() {
  return read_log_line(
      R"({"time":"2012-12-10T03:00:48.123456+00:00","source":"app","process":"web.1","text":"hello\n"})");
}

std::string formatted(const LogLine& line, const LineStyle& style) {
  std::string out;
  append_line(out, line, style);
  return out;
}

TEST(LineFormat, text_line_as_documented) {
  EXPECT_EQ(formatted(app_line(), {}), "2012-12-10T03:00:48.123456+00:00 app[web.1]: hello\n");
}

TEST(LineFormat, without_time) {
  LineStyle style;
  style.timestamps = Timestamps::kNone;
  EXPECT_EQ(formatted(app_line(), style), "app[web.1]: hello\n");
}

TEST(LineFormat, raw_is_the_text_and_json_the_object) {
  LineStyle raw;
  raw.shape = LineShape::kRaw;
  EXPECT_EQ(formatted(app_line(), raw), "hello\n");
  LineStyle json;
  json.shape = LineShape::kJson;
  EXPECT_EQ(formatted(app_line(), json), app_line().json + "\n");
}

TEST(LineFormat, server_text_reads_like_an_object) {
  const LogLine line = read_log_line("2012-12-10T03:00:48Z heroku[router]: at=info path=\"/ x\"");
  EXPECT_EQ(line.time, "2012-12-10T03:00:48Z");
  EXPECT_EQ(line.source, "heroku");
  EXPECT_EQ(line.process, "router");
  EXPECT_EQ(line.text, "at=info path=\"/ x\"");
  EXPECT_EQ(read_log_line("no form at all").text, "no form at all");
  EXPECT_EQ(read_log_line("{\"text\":\"x\"").text, "{\"text\":\"x\"");
}

TEST(LineFormat, terminal_lines_command_nothing) {
  LineStyle style;
  style.harmless = true;
  LogLine line = app_line();
  line.text = "\x1b]0;x\x07\n";
  line.source = "a\x1b[2J";
  EXPECT_EQ(formatted(line, style), "2012-12-10T03:00:48.123456+00:00 a^[[2J[web.1]: ^[]0;x^G\n");
}

TEST(LineFormat, nobody_forges_a_line_with_a_line_feed) {
  LogLine line = app_line();
  line.text = "harmless\n2026-01-01T00:00:00+00:00 heroku[router]: at=info\n";
  line.process = "web.1\nx";
  EXPECT_EQ(formatted(line, {}),
            "2012-12-10T03:00:48.123456+00:00 app[web.1 x]: harmless\n"
            "    2026-01-01T00:00:00+00:00 heroku[router]: at=info\n");
  LineStyle raw;
  raw.shape = LineShape::kRaw;
  EXPECT_EQ(formatted(line, raw), line.text);
}

TEST(LineFormat, a_pipe_gets_the_text_as_it_came) {
  LogLine line = app_line();
  line.text = "\x1b[31mred\r\n";
  EXPECT_EQ(formatted(line, {}), "2012-12-10T03:00:48.123456+00:00 app[web.1]: \x1b[31mred\r\n");
}

TEST(LineFormat, colour_of_an_origin_is_stable_and_origins_differ) {
  EXPECT_EQ(origin_colour("app", "web.1"), origin_colour("app", "web.1"));
  std::set<std::string_view> colours;
  for (int i = 0; i < 50; ++i) colours.insert(origin_colour("app", "web." + std::to_string(i)));
  EXPECT_GE(colours.size(), 6U);
}

TEST(LineFormat, coloured_line_ends_without_colour) {
  LineStyle style;
  style.colour = true;
  LogLine line = app_line();
  line.text = "\x1b[31mred";
  EXPECT_TRUE(formatted(line, style).ends_with("\x1b[31mred\x1b[0m\n"));
}

TEST(LineFormat, router_values_take_the_colour_of_their_band) {
  std::string out;
  append_router_text(out,
                     "at=error code=H12 desc=\"Request timeout\" path=\"/a status=200\" connect=1ms service=30000ms "
                     "status=503 bytes=");
  EXPECT_NE(out.find("at=\x1b[1;31merror\x1b[0m"), std::string::npos);
  EXPECT_NE(out.find("code=\x1b[1;31mH12\x1b[0m"), std::string::npos);
  EXPECT_NE(out.find("connect=\x1b[32m1ms\x1b[0m"), std::string::npos);
  EXPECT_NE(out.find("service=\x1b[1;31m30000ms\x1b[0m"), std::string::npos);
  EXPECT_NE(out.find("status=\x1b[1;31m503\x1b[0m"), std::string::npos);
  EXPECT_NE(out.find("path=\"/a status=200\""), std::string::npos);
  EXPECT_TRUE(out.ends_with("bytes="));
}

TEST(LineFormat, gap_notice_is_exact) {
  EXPECT_EQ(gap_notice(read_gap(R"({"lost":17,"reason":"slow reader"})")), "-- gap: 17 lines lost (slow reader) --\n");
  EXPECT_EQ(gap_notice(read_gap(R"({"lost":1})")), "-- gap: 1 line lost --\n");
  EXPECT_EQ(gap_notice(read_gap(R"({"lost":0,"reason":"restarted"})")), "-- gap: lines may be lost (restarted) --\n");
}

}  // namespace
}  // namespace sluice::cli
