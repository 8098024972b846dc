#include "logplex/cli/view/times.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

#include "logplex/wire/timestamp.hpp"

namespace sluice::cli {
namespace {

using std::chrono::milliseconds;

TEST(Times, utc_keeps_digits_and_moves_the_zone) {
  EXPECT_EQ(shown_time("2012-12-10T03:00:48.123456+00:00", Timestamps::kUtc), "2012-12-10T03:00:48.123456+00:00");
  EXPECT_EQ(shown_time("2012-12-10T03:00:48Z", Timestamps::kUtc), "2012-12-10T03:00:48+00:00");
  EXPECT_EQ(shown_time("2012-12-31T23:30:00.5-02:30", Timestamps::kUtc), "2013-01-01T02:00:00.5+00:00");
}

TEST(Times, local_uses_the_zone_of_that_moment) {
  ::setenv("TZ", "Europe/Berlin", 1);
  ::tzset();
  EXPECT_EQ(shown_time("2026-01-10T12:00:00.25Z", Timestamps::kLocal), "2026-01-10T13:00:00.25+01:00");
  EXPECT_EQ(shown_time("2026-07-10T12:00:00Z", Timestamps::kLocal), "2026-07-10T14:00:00+02:00");
  ::unsetenv("TZ");
  ::tzset();
}

TEST(Times, text_that_is_no_timestamp_stays) {
  for (const char* text : {"", "-", "yesterday", "2012-13-10T03:00:48Z", "2012-12-10T03:00:48", "2012-12-10T03:00:48Zx",
                           "2012-02-30T00:00:00Z", "2012-12-10T24:00:00Z", "2012-12-10T03:00:48+1:00"}) {
    EXPECT_EQ(shown_time(text, Timestamps::kUtc), text);
    EXPECT_FALSE(read_timestamp(text).has_value()) << text;
  }
}

TEST(Times, point_in_time_takes_ages_and_times) {
  const WallTime now = std::chrono::sys_days{std::chrono::year{2026} / 1 / 2} + std::chrono::hours(3);
  EXPECT_EQ(point_in_time("10m", now).value(), "2026-01-02T02:50:00.000000+00:00");
  EXPECT_EQ(point_in_time("now", now).value(), "2026-01-02T03:00:00.000000+00:00");
  EXPECT_EQ(point_in_time("2026-01-01", now).value(), "2026-01-01T00:00:00+00:00");
  EXPECT_EQ(point_in_time("2026-01-01 05:06:07", now).value(), "2026-01-01T05:06:07+00:00");
  EXPECT_EQ(point_in_time("2026-01-01T05:06:07+02:00", now).value(), "2026-01-01T03:06:07+00:00");
}

TEST(Times, point_in_time_names_what_it_did_not_understand) {
  const auto wrong = point_in_time("soon", WallTime{});
  ASSERT_TRUE(wrong.has_error());
  EXPECT_NE(wrong.error().text().find("'soon'"), std::string::npos);
}

TEST(Times, ages_have_two_units_at_most) {
  EXPECT_EQ(format_age(milliseconds(850)), "850ms");
  EXPECT_EQ(format_age(milliseconds(59'999)), "59s");
  EXPECT_EQ(format_age(milliseconds(320'000)), "5m 20s");
  EXPECT_EQ(format_age(std::chrono::hours(51)), "2d 3h");
  EXPECT_EQ(format_age(std::chrono::hours(48)), "2d");
}

}  // namespace
}  // namespace sluice::cli
