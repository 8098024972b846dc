#include "drains/delivery/retry_pace.hpp"

#include <gtest/gtest.h>

namespace sluice::drains {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

RetryPace pace_of(Duration shortest, Duration longest) { return RetryPace(Backoff(shortest, longest)); }

TEST(RetryPace, pauses_grow_until_something_is_delivered) {
  SeededRng rng(1);
  RetryPace pace = pace_of(seconds(1), seconds(60));
  EXPECT_LE(pace.next(rng), seconds(1));
  pace.next(rng);
  EXPECT_GE(pace.next(rng), seconds(2));
  pace.on_delivered();
  EXPECT_LE(pace.next(rng), seconds(1));
  pace.next(rng);
  pace.shorten();
  EXPECT_LE(pace.next(rng), seconds(1));
}

TEST(RetryPace, the_receiver_may_ask_for_longer_ones_of_at_most_ten_minutes) {
  SeededRng rng(1);
  RetryPace pace = pace_of(seconds(1), seconds(1));
  pace.ask(minutes(2));
  EXPECT_EQ(pace.next(rng), minutes(2));
  pace.ask(hours(20));
  EXPECT_EQ(pace.next(rng), minutes(10));
  pace.ask({});
  EXPECT_LE(pace.next(rng), seconds(1));
}

TEST(RetryPace, the_first_break_since_a_delivery_costs_no_pause) {
  RetryPace pace = pace_of(seconds(1), seconds(1));
  EXPECT_FALSE(pace.must_wait_after_break());
  EXPECT_TRUE(pace.must_wait_after_break());
  pace.shorten();
  EXPECT_TRUE(pace.must_wait_after_break());
  pace.on_delivered();
  EXPECT_FALSE(pace.must_wait_after_break());
}

}  // namespace
}  // namespace sluice::drains
