#include "logplex/runtime/gate.hpp"

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "logplex/runtime/runtime.hpp"

namespace sluice {
namespace {

/// One shard without a thread: the test makes it turn.
struct OneShard {
  ManualClock clock;
  Runtime runtime{1, clock};
  Shard& shard = runtime.shard(0);

  void turns(int n = 20) {
    for (int i = 0; i < n; ++i) shard.turn();
  }
};

Task<void> wait_for_stop(Gate& gate, bool& stopped) {
  co_await gate.stopped();
  stopped = true;
}

Task<void> wait_for(Event& event, std::vector<bool>& outcomes) {
  const bool set = co_await event.wait();
  outcomes.push_back(set);
}

Task<void> sleep_long() { co_await sleep_for(std::chrono::hours(1)); }

TEST(Gate, stopped_waits_for_holds) {
  OneShard one;
  Gate part(one.shard, "part");
  Gate tasks(one.shard, "tasks");
  bool stopped = false;
  {
    Gate::Hold hold = part.hold();
    Gate::Hold second = part.hold();
    part.stop();
    tasks.spawn(wait_for_stop(part, stopped));
    one.turns();
    EXPECT_FALSE(stopped);
    hold = std::move(second);
    one.turns();
    EXPECT_FALSE(stopped);
  }
  one.turns();
  EXPECT_TRUE(stopped);
}

TEST(Gate, tasks_ended_does_not_wait_for_holds) {
  OneShard one;
  Gate part(one.shard, "part");
  Gate tasks(one.shard, "tasks");
  const Gate::Hold hold = part.hold();
  part.spawn(sleep_long());
  bool ended = false;
  one.turns();
  const auto wait = [](Gate& gate, bool& out) -> Task<void> {
    co_await gate.tasks_ended();
    out = true;
  };
  tasks.spawn(wait(part, ended));
  one.turns();
  EXPECT_FALSE(ended);
  part.stop();
  one.turns();
  EXPECT_TRUE(ended);
}

TEST(Gate_death, a_gate_with_a_hold_is_not_destroyed) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        OneShard one;
        Gate::Hold hold;
        Gate part(one.shard, "part");
        hold = part.hold();
      },
      "count == 0");
}

TEST(Event, wait_says_whether_it_was_set) {
  OneShard one;
  Gate gate(one.shard, "test");
  Event event(one.shard);
  std::vector<bool> outcomes;
  gate.spawn(wait_for(event, outcomes));
  one.turns();
  event.set();
  one.turns();
  EXPECT_EQ(outcomes, std::vector<bool>{true});
  gate.spawn(wait_for(event, outcomes));
  one.turns();
  gate.stop();
  one.turns();
  EXPECT_EQ(outcomes, (std::vector<bool>{true, false}));
}

TEST(Event, all_that_wait_are_told_that_it_was_set) {
  OneShard one;
  Gate gate(one.shard, "test");
  Event event(one.shard);
  std::vector<bool> outcomes;
  gate.spawn(wait_for(event, outcomes));
  gate.spawn(wait_for(event, outcomes));
  one.turns();
  event.set();
  one.turns();
  EXPECT_EQ(outcomes, (std::vector<bool>{true, true}));
}

}  // namespace
}  // namespace sluice
