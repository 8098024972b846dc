#include "drains/delivery/batch_limit.hpp"

#include <gtest/gtest.h>

namespace sluice::drains {
namespace {

using std::chrono::seconds;

TEST(BatchLimit, halves_after_a_timeout_and_grows_after_eight_quick_deliveries) {
  BatchLimit limit;
  EXPECT_EQ(limit.at_most(1000), 1000u);
  EXPECT_FALSE(limit.is_exceeded_by(1 << 30));
  limit.on_timeout(800);
  EXPECT_EQ(limit.at_most(1000), 400u);
  EXPECT_FALSE(limit.is_exceeded_by(500));
  EXPECT_TRUE(limit.is_exceeded_by(800));
  for (int i = 0; i < 100; ++i) limit.on_delivered(seconds(3), seconds(5));
  EXPECT_EQ(limit.at_most(1000), 400u);
  for (int i = 0; i < 7; ++i) limit.on_delivered(seconds(1), seconds(5));
  EXPECT_EQ(limit.at_most(1000), 400u);
  limit.on_delivered(seconds(1), seconds(5));
  EXPECT_EQ(limit.at_most(1000), 800u);
  for (int i = 0; i < 8 * 20; ++i) limit.on_delivered(seconds(1), seconds(5));
  EXPECT_FALSE(limit.is_exceeded_by(1 << 30));
}

}  // namespace
}  // namespace sluice::drains
