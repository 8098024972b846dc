#include "logplex/runtime/shard.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "logplex/runtime/cross.hpp"
#include "logplex/runtime/gate.hpp"
#include "logplex/runtime/quota.hpp"
#include "logplex/runtime/runtime.hpp"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// One shard without a thread: the test makes it turn.
struct OneShard {
  ManualClock clock;
  Runtime runtime{1, clock};
  Shard& shard = runtime.shard(0);

  void turns(int n = 20) {
    for (int i = 0; i < n; ++i) shard.turn();
  }
  void pass(std::chrono::nanoseconds time) {
    clock.advance(time);
    turns();
  }
};

struct Counted {
  int fired = 0;
  void fire() { ++fired; }
};

TEST(Shard, handlers_of_a_turn_are_bounded_in_number_and_time) {
  OneShard one;
  int ran = 0;
  for (int i = 0; i < 1000; ++i) asio::post(one.shard.io(), [&] { ++ran; });
  one.shard.turn();
  EXPECT_EQ(ran, 64);
  one.turns(30);
  ASSERT_EQ(ran, 1000);
  ran = 0;
  for (int i = 0; i < 30; ++i) {
    asio::post(one.shard.io(), [&] {
      ++ran;
      one.clock.advance(std::chrono::microseconds(100));
    });
  }
  one.shard.turn();
  EXPECT_EQ(ran, 3) << "they have used up the turn's time";
  one.turns(9);
  EXPECT_EQ(ran, 30);
}

TEST(Shard, mail_of_a_turn_is_bounded_in_number_and_time) {
  OneShard one;
  ShardScope scope(one.shard);
  int came = 0;
  for (int i = 0; i < 200; ++i) one.shard.send(0, make_mail([&] { ++came; }));
  one.shard.turn();
  EXPECT_EQ(came, 64);
  one.turns();
  ASSERT_EQ(came, 200);
  came = 0;
  const auto dear = [&] {
    ++came;
    one.clock.advance(std::chrono::microseconds(200));
  };
  for (int i = 0; i < 20; ++i) one.shard.send(0, make_mail(dear));
  one.shard.turn();
  EXPECT_EQ(came, 4) << "the clock is read for every fourth, and the time is used up";
  one.turns();
  EXPECT_EQ(came, 20);
}

/// A socket that has news as soon as it is watched, and counts how often it is told.
struct Newsy final : Pollable {
  explicit Newsy(Poller& p) : poller(p) {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    EXPECT_TRUE(poller.add(ends[0], *this));
  }
  ~Newsy() override {
    poller.remove(ends[0], *this);
    for (const int end : ends) ::close(end);
  }
  void on_events(std::uint32_t) override { ++told; }

  Poller& poller;
  int ends[2] = {-1, -1};
  int told = 0;
};

TEST(Poller, events_of_a_turn_are_bounded_and_nobody_is_passed_over) {
  OneShard one;
  std::vector<std::unique_ptr<Newsy>> sockets;
  for (int i = 0; i < 200; ++i) sockets.push_back(std::make_unique<Newsy>(one.shard.poller()));
  const auto told = [&] {
    return std::count_if(sockets.begin(), sockets.end(), [](auto& it) { return it->told > 0; });
  };
  for (int turn = 1; turn <= 4; ++turn) {
    one.shard.turn();
    EXPECT_EQ(told(), std::min(turn * 64, 200));
  }
  for (const auto& socket : sockets) EXPECT_EQ(socket->told, 1);
}

/// Handlers that take 0.1 ms each.
struct Handlers {
  Handlers(OneShard& one, int count) {
    for (int i = 0; i < count; ++i) {
      asio::post(one.shard.io(), [this, &one] {
        ++ran;
        one.clock.advance(std::chrono::microseconds(100));
      });
    }
  }
  int ran = 0;
};

TEST(Shard, handlers_that_are_left_go_on_in_the_next_turn_however_busy_the_sockets_are) {
  OneShard one;
  std::vector<std::unique_ptr<Newsy>> sockets;
  for (int i = 0; i < 64 * 7; ++i) sockets.push_back(std::make_unique<Newsy>(one.shard.poller()));
  Handlers handlers(one, 12);
  one.turns(3);
  EXPECT_EQ(handlers.ran, 0) << "only every fourth of such turns looks for handlers";
  for (int turn = 1; turn <= 4; ++turn) {
    one.shard.turn();
    EXPECT_EQ(handlers.ran, 3 * turn);
  }
}

TEST(Shard, handlers_have_a_quarter_of_a_long_turn) {
  OneShard one;
  ShardScope scope(one.shard);
  one.shard.send(0, make_mail([&] { one.clock.advance(std::chrono::microseconds(2400)); }));
  one.shard.turn();
  Handlers handlers(one, 20);
  one.shard.turn();
  EXPECT_EQ(handlers.ran, 6);
}

TEST(Wheel, fires_once_and_never_early) {
  OneShard one;
  Counted counted;
  Deadline<&Counted::fire> deadline(one.shard.wheel(), counted);
  deadline.arm(milliseconds(100));
  one.pass(milliseconds(99));
  EXPECT_EQ(counted.fired, 0);
  one.pass(milliseconds(10));
  EXPECT_EQ(counted.fired, 1);
  one.pass(seconds(20));
  EXPECT_EQ(counted.fired, 1);
}

TEST(Wheel, a_handler_after_a_long_sleep_gets_all_its_time) {
  OneShard one;
  Counted counted;
  Deadline<&Counted::fire> deadline(one.shard.wheel(), counted);
  one.turns();
  one.clock.advance(milliseconds(900));
  asio::post(one.shard.io(), [&] { deadline.arm(milliseconds(100)); });
  one.shard.turn();
  one.pass(milliseconds(99));
  EXPECT_EQ(counted.fired, 0);
  one.pass(milliseconds(10));
  EXPECT_EQ(counted.fired, 1);
}

Task<void> measure_sleep(Clock& clock, std::promise<std::chrono::nanoseconds>& slept) {
  const SteadyTime before = clock.steady();
  co_await sleep_for(milliseconds(20));
  slept.set_value(clock.steady() - before);
}

TEST(Wheel, a_handler_that_wakes_the_shard_gets_all_its_time) {
  SystemClock clock;
  Runtime runtime(1, clock);
  runtime.start();
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(milliseconds(30));  // the shard blocks meanwhile
    std::promise<std::chrono::nanoseconds> slept;
    asio::co_spawn(runtime.shard(0).executor(), measure_sleep(clock, slept), asio::detached);
    EXPECT_GE(slept.get_future().get(), milliseconds(20));
  }
  runtime.stop();
  runtime.join();
}

TEST(Wheel, rearming_later_and_earlier_both_hold) {
  OneShard one;
  Counted later;
  Counted earlier;
  Deadline<&Counted::fire> a(one.shard.wheel(), later);
  Deadline<&Counted::fire> b(one.shard.wheel(), earlier);
  a.arm(milliseconds(20));
  a.arm(seconds(30));
  b.arm(seconds(30));
  b.arm(milliseconds(20));
  one.pass(milliseconds(40));
  EXPECT_EQ(later.fired, 0);
  EXPECT_EQ(earlier.fired, 1);
  one.pass(seconds(29));
  EXPECT_EQ(later.fired, 0);
  one.pass(seconds(2));
  EXPECT_EQ(later.fired, 1);
}

TEST(Wheel, disarmed_or_destroyed_deadline_stays_silent) {
  OneShard one;
  Counted counted;
  {
    Deadline<&Counted::fire> gone(one.shard.wheel(), counted);
    gone.arm(milliseconds(5));
  }
  Deadline<&Counted::fire> disarmed(one.shard.wheel(), counted);
  disarmed.arm(milliseconds(5));
  disarmed.disarm();
  one.pass(seconds(100));
  EXPECT_EQ(counted.fired, 0);
}

TEST(Wheel, random_deadlines_fire_within_a_tick) {
  OneShard one;
  SeededRng rng(3);
  struct Timed {
    Timed(Wheel& wheel, const Clock& c) : clock(c), deadline(wheel, *this) {}
    void fire() { fired_at = clock.steady(); }
    const Clock& clock;
    SteadyTime due;
    SteadyTime fired_at{};
    Deadline<&Timed::fire> deadline;
  };
  std::vector<std::unique_ptr<Timed>> all;
  for (int i = 0; i < 500; ++i) {
    auto& timed = *all.emplace_back(std::make_unique<Timed>(one.shard.wheel(), one.clock));
    const milliseconds wait(rng.below(30'000));
    timed.due = one.clock.steady() + wait;
    timed.deadline.arm(wait);
  }
  for (int i = 0; i < 31'000; ++i) {
    one.clock.advance(milliseconds(1));
    one.shard.turn();
  }
  for (const auto& timed : all) {
    ASSERT_GE(timed->fired_at, timed->due);
    ASSERT_LE(timed->fired_at, timed->due + 2 * Wheel::kTick);
  }
}

TEST(Mailbox, keeps_order_and_refuses_when_full) {
  Mailbox box(4);
  std::vector<int> seen;
  for (int i = 0; i < 6; ++i) {
    auto mail = make_mail([&seen, i] { seen.push_back(i); });
    EXPECT_EQ(box.try_push(mail), i < 4);
    EXPECT_EQ(mail == nullptr, i < 4);
  }
  while (auto mail = box.try_pop()) mail->deliver();
  EXPECT_EQ(seen, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_TRUE(box.empty());
}

Task<void> note_when(Event& event, int& woken) {
  co_await event.wait();
  ++woken;
}

TEST(Gate, stop_cancels_what_waits_and_stopped_returns) {
  OneShard one;
  ShardScope scope(one.shard);
  Gate gate(one.shard, "test");
  Event never(one.shard);
  int woken = 0;
  gate.spawn(note_when(never, woken));
  gate.spawn(sleep_for(seconds(1000)));
  one.turns();
  EXPECT_EQ(gate.running(), 2u);
  gate.stop();
  one.turns();
  EXPECT_EQ(gate.running(), 0u);
  EXPECT_EQ(woken, 1);
  gate.spawn(note_when(never, woken));
  EXPECT_EQ(gate.running(), 0u);
}

TEST(Gate, stop_leaves_alone_a_task_that_ends_in_the_same_turn) {
  OneShard one;
  ShardScope scope(one.shard);
  Gate gate(one.shard, "test");
  Event event(one.shard);
  int woken = 0;
  for (int n = 0; n < 8; ++n) gate.spawn(note_when(event, woken));
  one.turns();
  event.set();
  gate.stop();
  one.turns();
  EXPECT_EQ(gate.running(), 0u);
  EXPECT_EQ(woken, 8);
}

Task<void> sleep_and_note(bool& in_time, Event& event, Duration time) { in_time = co_await event.wait_for(time); }

TEST(Event, wait_for_tells_set_from_timeout) {
  OneShard one;
  ShardScope scope(one.shard);
  Gate gate(one.shard, "test");
  Event event(one.shard);
  bool in_time = true;
  gate.spawn(sleep_and_note(in_time, event, milliseconds(50)));
  one.turns();
  one.pass(milliseconds(60));
  EXPECT_FALSE(in_time);
  gate.spawn(sleep_and_note(in_time, event, milliseconds(50)));
  one.turns();
  event.set();
  one.turns();
  EXPECT_TRUE(in_time);
  EXPECT_EQ(gate.running(), 0u);
}

struct CountingHook final : TurnHook {
  int ran = 0;
  void on_turn_end() override { ++ran; }
};

TEST(TurnHook, runs_once_per_turn_and_can_be_forgotten) {
  OneShard one;
  CountingHook hook;
  one.shard.at_turn_end(hook);
  one.shard.at_turn_end(hook);
  one.shard.turn();
  EXPECT_EQ(hook.ran, 1);
  one.shard.at_turn_end(hook);
  one.shard.forget(hook);
  one.shard.turn();
  EXPECT_EQ(hook.ran, 1);
}

struct PipeReader final : Pollable {
  explicit PipeReader(Poller& p) : poller(p) {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    EXPECT_TRUE(poller.add(fds[0], *this));
  }
  ~PipeReader() override {
    poller.remove(fds[0], *this);
    ::close(fds[0]);
    ::close(fds[1]);
  }
  void on_events(std::uint32_t events) override {
    char buffer[64];
    if ((events & EPOLLIN) != 0) got += ::recv(fds[0], buffer, sizeof buffer, 0);
  }
  Poller& poller;
  int fds[2];
  std::atomic<std::int64_t> got{0};
};

TEST(Shard, blocked_shard_wakes_for_a_hot_socket) {
  SystemClock clock;
  Runtime runtime(1, clock);
  PipeReader reader(runtime.shard(0).poller());
  runtime.start();
  std::this_thread::sleep_for(milliseconds(30));
  for (int i = 1; i <= 50; ++i) {
    ASSERT_EQ(::send(reader.fds[1], "x", 1, 0), 1);
    const auto give_up = std::chrono::steady_clock::now() + seconds(5);
    while (reader.got < i && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
    ASSERT_EQ(reader.got, i);
  }
  runtime.stop();
  runtime.join();
}

Task<void> ask_around(std::uint32_t shards, int rounds, std::atomic<std::int64_t>& sum) {
  for (int i = 0; i < rounds; ++i) {
    const std::uint32_t to = static_cast<std::uint32_t>(i) % shards;
    const std::uint32_t answer = co_await call_on(to, [] { return Shard::current().id(); });
    if (answer == to) ++sum;
  }
}

TEST(Shard, calls_between_three_shards_come_back_home) {
  SystemClock clock;
  Runtime runtime(3, clock);
  std::atomic<std::int64_t> sum{0};
  for (std::uint32_t id = 0; id < 3; ++id)
    asio::co_spawn(runtime.shard(id).executor(), ask_around(3, 3000, sum), asio::detached);
  runtime.start();
  const auto give_up = std::chrono::steady_clock::now() + seconds(60);
  while (sum < 9000 && std::chrono::steady_clock::now() < give_up) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(sum, 9000);
  runtime.stop();
  runtime.join();
}

TEST(Shard, send_waits_in_order_behind_a_full_mailbox) {
  ManualClock clock;
  Runtime runtime(2, clock);
  std::vector<int> seen;
  {
    ShardScope scope(runtime.shard(0));
    for (int i = 0; i < 1000; ++i) runtime.shard(0).send(1, make_mail([&seen, i] { seen.push_back(i); }));
  }
  for (int i = 0; i < 100; ++i) {
    runtime.shard(1).turn();
    runtime.shard(0).turn();
  }
  ASSERT_EQ(seen.size(), 1000u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_GT(runtime.shard(0).counters().mails_delayed, 0u);
}

TEST(Shard, takes_no_new_work_while_much_mail_waits_for_another) {
  ManualClock clock;
  Runtime runtime(2, clock);
  Shard& busy = runtime.shard(0);
  std::size_t sent = 0;
  std::function<void()> send_more = [&] {
    for (int i = 0; i < 100; ++i, ++sent) busy.send(1, make_mail([] {}));
    asio::post(busy.io(), send_more);
  };
  asio::post(busy.io(), send_more);
  bool answered = false;
  runtime.shard(1).send(0, make_mail([&answered] { answered = true; }));
  const std::size_t most = Shard::kMostMailWaiting + Runtime::kMailboxCapacity;
  for (int turn = 0; turn < 200; ++turn) busy.turn();
  EXPECT_GE(sent, most);
  EXPECT_LT(sent, most + 20'000) << "at most what one turn sends is beyond the bound";
  EXPECT_GT(busy.counters().turns_backed_up, 100U);
  EXPECT_TRUE(answered) << "mail from others is taken in";
  const std::size_t before = sent;
  for (int turn = 0; turn < 200; ++turn) {
    runtime.shard(1).turn();
    busy.turn();
  }
  EXPECT_GT(sent, before) << "it goes on when the other shard does";
}

TEST(SharedQuota, refuses_beyond_its_limit) {
  SharedQuota quota(2);
  EXPECT_TRUE(quota.try_take());
  EXPECT_TRUE(quota.try_take());
  EXPECT_FALSE(quota.try_take());
  quota.give_back();
  EXPECT_TRUE(quota.try_take());
}

}  // namespace
}  // namespace sluice
