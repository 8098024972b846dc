#include "logplex/runtime/lane.hpp"

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "logplex/base/metrics.hpp"
#include "logplex/runtime/runtime.hpp"
#include "logplex/runtime/thread_cpu.hpp"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Task<void> compute(Lane& lane, std::atomic<int>& out) {
  auto answer = co_await lane.run({}, [] { return 42; });
  out = answer ? *answer : -1;
}

TEST(Lane, answers_on_the_callers_shard_and_refuses_when_full) {
  SystemClock clock;
  Runtime runtime(1, clock);
  std::atomic<int> out{0};
  {
    Lane lane("test", 1, 8);
    asio::co_spawn(runtime.shard(0).executor(), compute(lane, out), asio::detached);
    runtime.start();
    const auto give_up = std::chrono::steady_clock::now() + seconds(10);
    while (out == 0 && std::chrono::steady_clock::now() < give_up) std::this_thread::sleep_for(milliseconds(1));
    EXPECT_EQ(out, 42);
    Lane closed("none", 0, 2);
    EXPECT_TRUE(closed.submit({}, [] {}));
    EXPECT_TRUE(closed.submit({}, [] {}));
    EXPECT_FALSE(closed.submit({}, [] {}));
    MetricsPage page;
    closed.add_metrics(page);
    for (const char* line :
         {"sluice_lane_waiting_jobs{lane=\"none\"} 2\n", "sluice_lane_waiting_owners{lane=\"none\"} 1\n",
          "sluice_lane_refused_jobs_total{lane=\"none\"} 1\n"}) {
      EXPECT_NE(page.text().find(line), std::string::npos) << line << page.text();
    }
  }
  runtime.stop();
  runtime.join();
}

/// Whatever blocks an owner's job, its other jobs wait for it and nobody else does.
TEST(Lane, an_owner_has_one_thread_at_most) {
  std::atomic<bool> let_go{false};
  std::atomic<int> others{0};
  std::mutex mutex;
  std::string order;
  {
    Lane lane("test", 2, 100);
    for (const char name : {'a', 'b', 'c'}) {
      ASSERT_TRUE(lane.submit("blocks", [&, name] {
        while (!let_go) std::this_thread::sleep_for(milliseconds(1));
        const std::lock_guard lock(mutex);
        order += name;
      }));
    }
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(lane.submit("other", [&] { ++others; }));
    const auto give_up = std::chrono::steady_clock::now() + seconds(60);
    while (others < 20 && std::chrono::steady_clock::now() < give_up) std::this_thread::sleep_for(milliseconds(1));
    EXPECT_EQ(others, 20);
    let_go = true;
    const auto done = [&] {
      const std::lock_guard lock(mutex);
      return order.size() == 3;
    };
    while (!done() && std::chrono::steady_clock::now() < give_up) std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_EQ(order, "abc");
}

/// An owner with many long jobs, and one that comes later: the second waits for a step of the first.
TEST(Lane, owners_take_turns_by_what_they_have_used) {
  std::mutex mutex;
  std::string order;
  const auto work = [&](char who, milliseconds cpu) {
    const Duration until = thread_cpu() + cpu;
    while (thread_cpu() < until) {
    }
    const std::lock_guard lock(mutex);
    order += who;
  };
  std::atomic<bool> busy{false};
  std::atomic<bool> all_wait{false};
  std::atomic<int> left{23};
  {
    Lane lane("test", 1, 100);
    ASSERT_TRUE(lane.submit("first", [&] {
      busy = true;
      while (!all_wait) {
      }
    }));
    while (!busy) std::this_thread::sleep_for(milliseconds(1));
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(lane.submit("many", [&] {
        work('m', milliseconds(2));
        --left;
      }));
    }
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(lane.submit("few", [&] {
        work('f', milliseconds(2));
        --left;
      }));
    }
    all_wait = true;
    while (left > 0) std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_LT(order.rfind('f'), 12U) << order;
}

TEST(Lane, a_job_in_steps_lets_others_in_between) {
  SystemClock clock;
  Runtime runtime(1, clock);
  std::atomic<int> steps{0};
  std::atomic<int> steps_at_other{-1};
  std::atomic<int> answer{0};
  {
    Lane lane("test", 1, 8);
    const auto long_job = [&]() -> Task<void> {
      const auto got = co_await lane.run_in_steps("long", [&]() -> std::optional<int> {
        while (steps_at_other == -2) {
        }
        return ++steps < 100 ? std::nullopt : std::optional<int>(7);
      });
      answer = got ? *got : -1;
    };
    const auto other = [&]() -> Task<void> {
      (co_await lane.run("other", [&] { return steps_at_other = steps.load(); })).value();
    };
    steps_at_other = -2;
    asio::co_spawn(runtime.shard(0).executor(), long_job(), asio::detached);
    asio::co_spawn(runtime.shard(0).executor(), other(), asio::detached);
    runtime.start();
    std::this_thread::sleep_for(milliseconds(5));
    steps_at_other = -1;
    const auto give_up = std::chrono::steady_clock::now() + seconds(10);
    while (answer == 0 && std::chrono::steady_clock::now() < give_up) std::this_thread::sleep_for(milliseconds(1));
    EXPECT_EQ(answer, 7);
    EXPECT_LT(steps_at_other, 100);
    EXPECT_GE(steps_at_other, 0);
  }
  runtime.stop();
  runtime.join();
}

}  // namespace
}  // namespace sluice
