#include "router/sockets/turn_queue.hpp"

#include <gtest/gtest.h>

#include "logplex/runtime/runtime.hpp"

namespace sluice::router {
namespace {

/// Takes its time each time it goes on, and asks for more.
struct Busy final : Resumable {
  Busy(TurnQueue& q, ManualClock& c, std::chrono::microseconds t) : queue(q), clock(c), takes(t) {}
  void go_on() override {
    ++went_on;
    clock.advance(takes);
    queue.add(*this);
  }
  TurnQueue& queue;
  ManualClock& clock;
  const std::chrono::microseconds takes;
  int went_on = 0;
};

TEST(TurnQueue, begins_none_once_the_turn_has_lasted_its_share_and_passes_nobody_over) {
  ManualClock clock;
  Runtime runtime(1, clock);
  ShardScope scope(runtime.shard(0));
  TurnQueue queue(runtime.shard(0));
  std::vector<std::unique_ptr<Busy>> busy;
  for (int i = 0; i < 100; ++i) {
    busy.push_back(std::make_unique<Busy>(queue, clock, TurnQueue::kShare / 20));
    queue.add(*busy.back());
  }
  const auto all = [&] {
    int sum = 0;
    for (const auto& each : busy) sum += each->went_on;
    return sum;
  };
  for (int turn = 1; turn <= 100; ++turn) {
    const int before = all();
    runtime.shard(0).turn();
    // The clock is looked at for every sixteenth.
    EXPECT_LE(all() - before, 20 + 16) << "turn " << turn;
    EXPECT_GT(all(), before);
  }
  for (const auto& each : busy) EXPECT_NEAR(each->went_on, all() / 100, 1);
}

}  // namespace
}  // namespace sluice::router
