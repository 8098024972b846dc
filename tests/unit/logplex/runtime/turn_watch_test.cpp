#include "logplex/runtime/turn_watch.hpp"

#include <time.h>

#include <numeric>

#include <gtest/gtest.h>

#include "logplex/runtime/runtime.hpp"

namespace sluice {
namespace {

using std::chrono::milliseconds;

/// Keeps the processor busy for so long by the thread's own clock.
void burn(Duration time) {
  const auto cpu = [] {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return Duration(std::chrono::seconds(now.tv_sec)) + Duration(now.tv_nsec);
  };
  const Duration until = cpu() + time;
  while (cpu() < until) {
  }
}

std::uint64_t count(const TurnWatch& watch) {
  const auto& steps = watch.turns().steps();
  return std::accumulate(steps.begin(), steps.end(), std::uint64_t{0});
}

TEST(TurnWatch, a_turn_that_works_is_measured_by_the_cpu_clock) {
  SystemClock clock;
  Runtime runtime(1, clock);
  Shard& shard = runtime.shard(0);
  shard.watch().on_thread();
  shard.watch().warn_over(milliseconds(5));
  ShardScope scope(shard);
  shard.send(0, make_mail([] {
               const WorkingFor whom({Beneficiary::Kind::kDrain, 7});
               burn(milliseconds(20));
             }));
  shard.turn();
  EXPECT_GE(shard.watch().longest(), milliseconds(18));
  MetricsPage page;
  shard.watch().add_metrics(page);
  EXPECT_NE(page.text().find("sluice_shard_long_turns_total 1"), std::string::npos) << page.text();
  EXPECT_NE(page.text().find("sluice_shard_turn_seconds_bucket{le=\"0.01\"} 0"), std::string::npos) << page.text();
}

TEST(TurnWatch, a_turn_that_only_waits_is_short) {
  SystemClock clock;
  Runtime runtime(1, clock);
  Shard& shard = runtime.shard(0);
  shard.watch().on_thread();
  ShardScope scope(shard);
  shard.send(0, make_mail([] { std::this_thread::sleep_for(milliseconds(30)); }));
  shard.turn();
  EXPECT_LT(shard.watch().longest(), milliseconds(15));
  EXPECT_EQ(count(shard.watch()), 1U);
}

TEST(TurnWatch, what_a_sleeping_shard_does_when_it_wakes_counts_to_its_next_turn) {
  TurnWatch watch(0);
  watch.on_thread();
  burn(milliseconds(10));
  watch.slept(milliseconds(500));
  const SteadyTime now{};
  watch.turn_ends(now, now + std::chrono::microseconds(10));
  EXPECT_GE(watch.longest(), milliseconds(9));
}

TEST(TurnWatch, short_turns_need_no_look_at_the_cpu_clock) {
  TurnWatch watch(0);
  watch.on_thread();
  const SteadyTime now{};
  for (int i = 0; i < 1000; ++i) watch.turn_ends(now, now + std::chrono::microseconds(300));
  EXPECT_EQ(count(watch), 1000U);
  EXPECT_EQ(watch.turns().steps()[2], 1000U);
}

TEST(WorkingFor, scopes_stand_within_each_other) {
  WorkingFor::take_last();
  const auto now = [] { return Beneficiary::unpacked(WorkingFor::now().load()); };
  const Beneficiary drain{Beneficiary::Kind::kDrain, 5};
  const Beneficiary app{Beneficiary::Kind::kApp, 9};
  {
    const WorkingFor outer(drain);
    {
      const WorkingFor inner(app);
      EXPECT_EQ(now(), app);
    }
    EXPECT_EQ(now(), drain);
  }
  EXPECT_EQ(now(), Beneficiary{});
  EXPECT_EQ(WorkingFor::take_last(), app);
  EXPECT_EQ(WorkingFor::take_last(), Beneficiary{});
}

}  // namespace
}  // namespace sluice
