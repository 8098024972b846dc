#include "logplex/net/dial/look_up_queue.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace sluice {
namespace {

using JobPointer = std::shared_ptr<LookUpJob>;

JobPointer job(const std::string& name, bool silent = false) {
  auto made = std::make_shared<LookUpJob>();
  made->name = name;
  made->silent = silent;
  return made;
}

LookUpQueue::Limits limits() {
  LookUpQueue::Limits limits;
  limits.under_way = 10;
  limits.reserved = 2;
  limits.per_owner = 4;
  limits.waiting_per_owner = 3;
  return limits;
}

class LookUpQueueTest : public ::testing::Test {
 protected:
  std::vector<JobPointer> add(const std::string& owner, int count, bool silent = false) {
    std::vector<JobPointer> begun;
    for (int i = 0; i < count; ++i) {
      if (!queue.add(owner, job(owner + std::to_string(i), silent))) ++refused;
      for (auto& one : queue.begin(owner)) begun.push_back(one);
    }
    return begun;
  }

  LookUpQueue queue{limits()};
  int refused = 0;
};

TEST_F(LookUpQueueTest, an_owner_has_a_share_and_a_bounded_queue) {
  EXPECT_EQ(add("x", 10).size(), 4u);
  EXPECT_EQ(refused, 3);
  EXPECT_EQ(queue.waiting(), 3u);
  EXPECT_EQ(add("y", 1).size(), 1u);
}

TEST_F(LookUpQueueTest, the_next_of_the_owner_begins_when_one_ends) {
  const auto begun = add("x", 5);
  queue.ended(*begun[0]);
  const auto next = queue.begin("x");
  ASSERT_EQ(next.size(), 1u);
  EXPECT_EQ(next[0]->name, "x4");
  EXPECT_EQ(queue.under_way(), 4u);
}

TEST_F(LookUpQueueTest, names_that_were_silent_leave_half_of_the_places) {
  EXPECT_EQ(add("x", 4, true).size(), 2u);
  EXPECT_EQ(add("x", 1).size(), 1u);
  EXPECT_EQ(add("y", 4, true).size(), 2u);
  EXPECT_EQ(add("z", 4, true).size(), 1u);
  EXPECT_EQ(add("w", 2).size(), 2u);
}

TEST_F(LookUpQueueTest, whoever_waited_for_a_place_of_all_gets_the_next_one) {
  const auto first = add("x", 4);
  add("y", 4);
  EXPECT_EQ(add("z", 1).size(), 0u);
  EXPECT_EQ(add("", 3).size(), 2u);  // the operator's reserved places
  for (std::size_t i = 0; i < 4; ++i) queue.ended(*first[i]);
  const auto after = queue.begin("x");
  EXPECT_TRUE(std::any_of(after.begin(), after.end(), [](const auto& one) { return one->name == "z0"; }));
}

TEST_F(LookUpQueueTest, a_name_in_two_queues_begins_once_with_whoever_comes_first) {
  add("x", 4);
  const auto shared = job("shared");
  ASSERT_TRUE(queue.add("x", shared));
  EXPECT_TRUE(queue.begin("x").empty());
  ASSERT_TRUE(queue.add("y", shared));
  const auto begun = queue.begin("y");
  ASSERT_EQ(begun.size(), 1u);
  EXPECT_EQ(begun[0]->owner, "y");
  queue.ended(*shared);
  EXPECT_TRUE(queue.begin("x").empty());
}

}  // namespace
}  // namespace sluice
