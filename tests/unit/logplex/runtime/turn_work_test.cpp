#include "logplex/runtime/turn_work.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "logplex/runtime/gate.hpp"
#include "logplex/runtime/runtime.hpp"
#include "logplex/runtime/task_work.hpp"

namespace sluice {
namespace {

/// Has so much to do, and writes its name down for each slice that it got.
class Job final : public TurnWorker {
 public:
  Job(TurnWork& turn, std::string& log, char name, Work todo) : turn_(turn), log_(log), name_(name), todo_(todo) {}

  void on_share(Work share) override {
    log_ += name_;
    const Work done = std::min(todo_, share);
    todo_ -= done;
    turn_.spend(done);
    if (todo_ > 0) turn_.ask(*this);
  }
  Work todo() const { return todo_; }

 private:
  TurnWork& turn_;
  std::string& log_;
  char name_;
  Work todo_;
};

struct OneTurn {
  ManualClock clock;
  TurnWork turn{clock};
  std::string log;

  std::size_t next() {
    turn.begin_turn();
    return turn.run();
  }
};

TEST(TurnWork, a_turn_does_a_bounded_amount_however_many_ask) {
  OneTurn one;
  std::vector<std::unique_ptr<Job>> jobs;
  for (int i = 0; i < 100; ++i) jobs.push_back(std::make_unique<Job>(one.turn, one.log, 'a', TurnWork::kSlice * 10));
  for (auto& job : jobs) one.turn.ask(*job);
  for (int turn = 0; turn < 10; ++turn) {
    const Work before = one.turn.spent();
    one.next();
    EXPECT_LE(one.turn.spent() - before, TurnWork::kPerTurn);
  }
  EXPECT_TRUE(one.turn.waiting());
}

TEST(TurnWork, everybody_gets_a_slice_in_turn) {
  OneTurn one;
  Job a(one.turn, one.log, 'a', TurnWork::kSlice * 3);
  Job b(one.turn, one.log, 'b', TurnWork::kSlice * 3);
  one.turn.ask(a);
  one.turn.ask(b);
  one.turn.ask(a);
  while (one.turn.waiting()) one.next();
  EXPECT_EQ(one.log, "aababb") << "one who goes on and one who begins take turns";
}

TEST(TurnWork, one_who_begins_waits_for_at_most_one_who_goes_on) {
  OneTurn one;
  Job a(one.turn, one.log, 'a', TurnWork::kSlice * 50);
  Job b(one.turn, one.log, 'b', TurnWork::kSlice * 50);
  one.turn.ask(a);
  one.turn.ask(b);
  one.next();
  one.log.clear();
  Job c(one.turn, one.log, 'c', 10);
  one.turn.ask(c);
  one.next();
  EXPECT_LT(one.log.find('c'), 2U);
}

TEST(TurnWork, a_little_is_done_at_once_while_nobody_waits) {
  OneTurn one;
  EXPECT_EQ(one.turn.share(), TurnWork::kSlice);
  one.turn.spend(TurnWork::kPerTurn);
  EXPECT_EQ(one.turn.share(), 0U);
  one.turn.begin_turn();
  Job a(one.turn, one.log, 'a', 1);
  one.turn.ask(a);
  EXPECT_EQ(one.turn.share(), 0U);
}

TEST(TurnWork, who_leaves_or_is_destroyed_gets_no_share) {
  OneTurn one;
  Job a(one.turn, one.log, 'a', 1);
  {
    Job b(one.turn, one.log, 'b', 1);
    one.turn.ask(a);
    one.turn.ask(b);
  }
  one.turn.leave(a);
  EXPECT_EQ(one.next(), 0U);
  EXPECT_EQ(one.log, "");
}

TEST(TurnWork, a_worker_that_says_too_little_is_charged_by_the_clock) {
  struct Slow final : TurnWorker {
    explicit Slow(ManualClock& c) : clock(c) {}
    void on_share(Work) override { clock.advance(std::chrono::milliseconds(5)); }
    ManualClock& clock;
  };
  OneTurn one;
  Slow slow(one.clock);
  Job next(one.turn, one.log, 'n', 1);
  one.turn.ask(slow);
  one.turn.ask(next);
  one.next();
  EXPECT_EQ(one.log, "");
  one.next();
  EXPECT_EQ(one.log, "n");
}

Task<void> count_to(Shard& shard, int to, int& at) {
  TaskWork work(shard);
  for (; at < to; ++at) {
    if (!work.may_go_on()) {
      const bool given = co_await work.share();
      if (!given) co_return;
    }
    work.spend(TurnWork::kSlice / 4);
  }
}

TEST(TurnWork, a_task_goes_on_over_several_turns) {
  ManualClock clock;
  Runtime runtime(1, clock);
  Shard& shard = runtime.shard(0);
  Gate gate(shard, "test");
  int at = 0;
  {
    ShardScope scope(shard);
    gate.spawn(count_to(shard, 1000, at));
  }
  int turns = 0;
  for (; at < 1000 && turns < 10'000; ++turns) {
    const Work before = shard.work().spent();
    shard.turn();
    EXPECT_LE(shard.work().spent() - before, TurnWork::kPerTurn + TurnWork::kSlice);
  }
  EXPECT_EQ(at, 1000);
  EXPECT_GT(turns, 50);
  for (int i = 0; i < 5; ++i) shard.turn();
}

}  // namespace
}  // namespace sluice
