#include "logplex/net/descriptor_plan.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr ConnectionNeeds kDefaults{100'000, 20'000, 2, 20'000, 1000};

std::uint64_t sum(const DescriptorPlan& plan) {
  const ConnectionNeeds& given = plan.given;
  return given.router + given.ingress * given.ingress_listeners + given.api + given.admin + plan.backends;
}

TEST(DescriptorPlan, everybody_has_what_it_asks_for_when_there_are_enough) {
  const auto plan = plan_descriptors(kDefaults, 524'288, 4);
  EXPECT_TRUE(plan.all_fit);
  EXPECT_EQ(plan.given.router, 100'000U);
  EXPECT_EQ(plan.given.api, 20'000U);
  EXPECT_GT(plan.backends, 50'000U);
}

TEST(DescriptorPlan, parts_are_kept_when_there_are_few) {
  const auto plan = plan_descriptors(kDefaults, 1024, 2);
  EXPECT_FALSE(plan.all_fit);
  EXPECT_GT(plan.given.router, 300U);
  EXPECT_GT(plan.backends, 150U);
  EXPECT_GT(plan.given.ingress, 80U);
  EXPECT_GT(plan.given.api, 60U);
  EXPECT_GE(plan.given.admin, 16U);
  // Drains keep 15 % beside them.
  EXPECT_LE(sum(plan), 1024U * 85 / 100);
}

TEST(DescriptorPlan, what_one_does_not_ask_for_goes_to_the_others) {
  const auto plan = plan_descriptors({100'000, 20'000, 0, 10, 1000}, 1024, 1);
  EXPECT_EQ(plan.given.api, 10U);
  EXPECT_GT(plan.given.router, 480U);
  EXPECT_LE(sum(plan), 1024U * 85 / 100);
}

TEST(DescriptorPlan, more_ingress_listeners_have_their_shares_from_the_router) {
  constexpr std::uint64_t kLimit = 100'072;  // 100,000 beside our own
  ConnectionNeeds asked = kDefaults;
  asked.router = asked.ingress = asked.api = 1'000'000;
  for (const auto& [listeners, ingress, router] :
       {std::tuple{1U, 11'500U, 63'300U}, {2U, 10'000U, 55'000U}, {4U, 10'000U, 35'000U}, {20U, 3000U, 15'000U}}) {
    asked.ingress_listeners = listeners;
    const auto plan = plan_descriptors(asked, kLimit, 1);
    EXPECT_NEAR(static_cast<double>(plan.given.ingress), ingress, 500) << listeners;
    EXPECT_NEAR(static_cast<double>(plan.given.router + plan.backends), router, 1500) << listeners;
    EXPECT_GE(plan.given.api, 7999U) << listeners;
    EXPECT_LE(sum(plan), 85'000U) << listeners;
  }
}

TEST(DescriptorPlan, every_listener_has_at_least_one) {
  const auto plan = plan_descriptors(kDefaults, 10, 1);
  EXPECT_EQ(plan.given.router, 1U);
  EXPECT_EQ(plan.given.admin, 1U);
}

TEST(DescriptorPlan, the_soft_limit_is_raised_to_the_hard_one) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{256, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_GE(raise_descriptor_limit(), 256U);
  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST(DescriptorPlan, open_descriptors_are_counted) {
  const auto before = count_open_descriptors();
  ASSERT_TRUE(before);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_EQ(count_open_descriptors(), *before + 2);
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace sluice
