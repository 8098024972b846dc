#include "logplex/runtime/turn_work.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "logplex/runtime/gate.hpp"
#include "logplex/runtime/runtime.hpp"
#include "logplex/runtime/task_work.hpp"

namespace sluice {
namespace {

Beneficiary channel(std::uint32_t slot) { return {Beneficiary::Kind::kChannel, slot}; }

/// Has so much to do, and writes its name down for each slice that it got.
class Job final : public TurnWorker {
 public:
  /// Jobs of one owner have names that differ in case only.
  Job(TurnWork& turn, std::string& log, char name, Work todo)
      : TurnWorker(turn, channel(static_cast<std::uint32_t>(name | 0x20))),
        turn_(turn),
        log_(log),
        name_(name),
        todo_(todo) {}

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
  EXPECT_EQ(one.log, "ababab");
}

TEST(TurnWork, workers_of_one_owner_get_its_slices_in_turn) {
  OneTurn one;
  Job a(one.turn, one.log, 'a', TurnWork::kSlice * 3);
  Job same(one.turn, one.log, 'A', TurnWork::kSlice * 3);
  Job b(one.turn, one.log, 'b', TurnWork::kSlice * 4);
  for (Job* each : {&a, &same, &b}) one.turn.ask(*each);
  while (one.turn.waiting()) one.next();
  EXPECT_EQ(one.log, "abAbabAbaA");
}

/// A hundred tails of one channel, and the drain of another.
struct Crowd {
  OneTurn one;
  std::vector<std::unique_ptr<Job>> jobs;

  explicit Crowd(Work each) {
    for (int i = 0; i < 100; ++i) jobs.push_back(std::make_unique<Job>(one.turn, one.log, 'a', each));
    for (auto& job : jobs) one.turn.ask(*job);
  }
};

TEST(TurnWork, another_owner_waits_for_one_slice_of_an_owner_with_a_hundred_workers) {
  Crowd crowd(TurnWork::kSlice * 10);
  OneTurn& one = crowd.one;
  Job b(one.turn, one.log, 'b', TurnWork::kSlice * 3);
  one.turn.ask(b);
  one.next();
  EXPECT_EQ(one.log, "abab");
  one.log.clear();
  Job c(one.turn, one.log, 'c', 1);
  one.turn.ask(c);
  one.next();
  EXPECT_LT(one.log.find('c'), 2U) << one.log;
}

TEST(TurnWork, workers_that_are_woken_again_and_again_are_not_taken_for_new_ones) {
  OneTurn one;
  Job a(one.turn, one.log, 'a', TurnWork::kSlice * 50);
  Job b(one.turn, one.log, 'b', TurnWork::kSlice * 50);
  one.turn.ask(a);
  one.turn.ask(b);
  std::vector<std::unique_ptr<Job>> woken;  // of ten other owners, each turn
  for (int turn = 0; turn < 40; ++turn) {
    for (char name = 'f'; name < 'p'; ++name) {
      woken.push_back(std::make_unique<Job>(one.turn, one.log, name, TurnWork::kSlice));
      one.turn.ask(*woken.back());
    }
    one.next();
  }
  const auto slices_of_a = std::count(one.log.begin(), one.log.end(), 'a');
  EXPECT_GE(slices_of_a, 40 * 4 / 12 - 1) << one.log;
}

TEST(TurnWork, an_owner_is_forgotten_with_its_last_worker) {
  OneTurn one;
  auto a = std::make_unique<Job>(one.turn, one.log, 'a', TurnWork::kSlice);
  auto same = std::make_unique<Job>(one.turn, one.log, 'A', TurnWork::kSlice);
  one.turn.ask(*a);
  a.reset();
  EXPECT_FALSE(one.turn.waiting());
  EXPECT_EQ(one.turn.owners(), 1U);
  one.turn.ask(*same);
  one.next();
  EXPECT_EQ(one.log, "A");
  same.reset();
  EXPECT_EQ(one.turn.owners(), 0U);
}

TEST(TurnWork, a_worker_may_end_within_its_slice) {
  struct Last final : TurnWorker {
    Last(TurnWork& turn, std::unique_ptr<Last>& self) : TurnWorker(turn, channel(1)), holder(self) {}
    void on_share(Work) override { holder.reset(); }
    std::unique_ptr<Last>& holder;
  };
  OneTurn one;
  std::unique_ptr<Last> last;
  last = std::make_unique<Last>(one.turn, last);
  one.turn.ask(*last);
  EXPECT_EQ(one.next(), 1U);
  EXPECT_EQ(one.turn.owners(), 0U);
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
    Slow(TurnWork& turn, ManualClock& c) : TurnWorker(turn, channel(1)), clock(c) {}
    void on_share(Work) override { clock.advance(std::chrono::milliseconds(5)); }
    ManualClock& clock;
  };
  OneTurn one;
  Slow slow(one.turn, one.clock);
  Job next(one.turn, one.log, 'n', 1);
  one.turn.ask(slow);
  one.turn.ask(next);
  one.next();
  EXPECT_EQ(one.log, "");
  one.next();
  EXPECT_EQ(one.log, "n");
}

Task<void> count_to(Shard& shard, int to, int& at) {
  TaskWork work(shard, {});
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
