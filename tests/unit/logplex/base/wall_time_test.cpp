#include "logplex/base/wall_time.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace std::chrono_literals;

constexpr WallTime at(int year) { return std::chrono::sys_days{std::chrono::year{year} / 1 / 1}; }

TEST(WallTimes, the_time_between_two_wall_times_ends_at_the_longest_there_is) {
  EXPECT_EQ(time_between(at(2026), at(2026) + 5s), 5s);
  EXPECT_EQ(time_between(at(2026) + 5s, at(2026)), -5s);
  EXPECT_EQ(time_between(at(2026), at(9999)), std::chrono::nanoseconds::max());
  EXPECT_EQ(time_between(at(9999), at(2026)), -std::chrono::nanoseconds::max());
  EXPECT_EQ(time_between(WallTime::min(), WallTime::max()), std::chrono::nanoseconds::max());
  EXPECT_EQ(time_between(WallTime::max(), WallTime::min()), -std::chrono::nanoseconds::max());
}

TEST(WallTimes, later_than_the_last_time_is_the_last_time) {
  EXPECT_EQ(later(at(2026), 5s), at(2026) + 5s);
  EXPECT_EQ(later(WallTime::max() - 1s, 5s), WallTime::max());
  EXPECT_EQ(later(WallTime::min() + 1s, -5s), WallTime::min());
}

}  // namespace
}  // namespace sluice
