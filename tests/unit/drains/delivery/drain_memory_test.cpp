#include <poll.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/drains/delivery/delivery_fixture.hpp"

// What drains do when frames take much of the memory.

namespace sluice::drains {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string header(const std::string& request, const std::string& name) {
  const auto at = request.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 4;
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

std::string body(const std::string& request) { return request.substr(request.find("\r\n\r\n")); }

std::uint64_t dropped(const Ledger& ledger, LossReason reason) {
  return ledger.dropped[static_cast<std::size_t>(reason)];
}

/// A drain to a receiver of the test, in a world whose frames take more than half of the budget while `shortage` is on.
struct Shortage {
  static constexpr std::int64_t kMoreThanHalf = 36 << 20;
  static constexpr std::int64_t kMoreThanFiveEighths = 44 << 20;

  ~Shortage() { set(0); }

  void set(std::int64_t bytes) {
    world.shards.on(0, [&] { world.memory->bodies.charge(bytes - others); });
    others = bytes;
  }
  bool own_frames_take_less_than(std::uint64_t bytes) {
    return eventually([&] {
      const std::uint64_t used = world.shards.on(0, [&] { return world.memory->bodies.used_bytes(); });
      return used - static_cast<std::uint64_t>(others) < bytes;
    });
  }

  DrainWorld world;
  Delivery drain{world};
  std::int64_t others = 0;
};

TEST(DrainMemory, a_failing_drain_frees_its_frame_and_sends_the_same_later) {
  Shortage shortage;
  shortage.set(Shortage::kMoreThanHalf);
  shortage.world.append(std::string(50'000, 'x'));
  const std::string request = shortage.drain.request();
  shortage.drain.answer(503);
  EXPECT_TRUE(shortage.own_frames_take_less_than(2000));
  const Ledger ledger = shortage.drain.ledger();
  EXPECT_EQ(ledger.pending_lines, 1U);
  EXPECT_GT(ledger.pending_bytes, 50'000U);
  shortage.set(0);
  const std::string again = shortage.drain.request();
  EXPECT_EQ(header(again, "Logplex-Frame-Id"), header(request, "Logplex-Frame-Id"));
  EXPECT_EQ(body(again), body(request));
  shortage.drain.answer(200);
  EXPECT_TRUE(shortage.drain.delivers(1));
}

TEST(DrainMemory, without_its_notices_a_frame_has_another_id) {
  Shortage shortage;
  shortage.world.append("refused");
  shortage.drain.request();
  shortage.drain.answer(400);
  EXPECT_TRUE(shortage.drain.reaches([](const Ledger& it) { return dropped(it, LossReason::kRejected) == 1; }));
  shortage.world.append("second");
  const std::string request = shortage.drain.request();
  EXPECT_THAT(request, HasSubstr(": 1 messages dropped since "));
  shortage.set(Shortage::kMoreThanHalf);
  shortage.drain.answer(503);
  EXPECT_TRUE(shortage.own_frames_take_less_than(2000));
  shortage.set(0);
  const std::string again = shortage.drain.request();
  EXPECT_THAT(again, HasSubstr("second"));
  EXPECT_THAT(again, Not(HasSubstr("messages dropped since ")));
  EXPECT_NE(header(again, "Logplex-Frame-Id"), header(request, "Logplex-Frame-Id"));
  shortage.drain.answer(200);
  shortage.world.append("third");
  EXPECT_THAT(shortage.drain.request(), HasSubstr(": 1 messages dropped since "));
  shortage.drain.answer(200);
  EXPECT_TRUE(shortage.drain.delivers(2));
}

TEST(DrainMemory, lines_that_are_evicted_while_their_frame_has_no_bytes_are_counted_and_told) {
  Shortage shortage;
  shortage.set(Shortage::kMoreThanHalf);
  shortage.world.append(std::string(50'000, 'x'));
  shortage.drain.request();
  shortage.drain.answer(503);
  EXPECT_TRUE(shortage.own_frames_take_less_than(2000));
  shortage.world.shards.on(0, [&] {
    shortage.world.fabric.shard(0).close_channel(shortage.world.channel);
    shortage.world.fabric.shard(0).open_channel(shortage.world.channel, "app");
  });
  shortage.set(0);
  EXPECT_TRUE(shortage.drain.reaches([](const Ledger& it) { return dropped(it, LossReason::kMemoryBudget) == 1; }));
  EXPECT_EQ(shortage.drain.ledger().pending_lines, 0U);
}

TEST(DrainMemory, nobody_makes_a_frame_beyond_five_eighths) {
  Shortage shortage;
  shortage.set(Shortage::kMoreThanFiveEighths);
  shortage.world.append("waits");
  pollfd connection{shortage.drain.listener.fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&connection, 1, 1500), 0);
  EXPECT_EQ(shortage.drain.ledger().pending_lines, 1U);
  shortage.set(Shortage::kMoreThanHalf);
  EXPECT_THAT(shortage.drain.request(), HasSubstr("waits"));
  shortage.drain.answer(200);
  EXPECT_TRUE(shortage.drain.delivers(1));
}

}  // namespace
}  // namespace sluice::drains
