#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/drains/drain_fixture.hpp"

namespace sluice::drains {
namespace {

using testing::HasSubstr;

constexpr Seq kFirst = Seq{3} << kEpochShift;  // of DrainWorld

Drain global_to(const std::string& url) {
  Drain drain = drain_to(url);
  drain.channel.clear();
  return drain;
}

/// A world whose channel holds the lines "0", "1", ... since before its start.
struct RestoredWorld : DrainWorld {
  explicit RestoredWorld(int lines) {
    DrainWorld before;
    for (int i = 0; i < lines; ++i) before.append(std::to_string(i));
    before.shards.on(0, [&] {
      const OwedLines owed = owed_lines(before.fabric.shard(0), before.channel, "app", kFirst);
      shards.on(0, [&] {
        Restoring restoring(fabric.shard(0));
        EXPECT_TRUE(restoring.restore(channel, owed));
      });
    });
  }
};

std::string body_of(RawClient& peer) { return peer.read_until("\r\n\r\n"); }

TEST(DrainOwed, unconfirmed_and_waiting_lines_are_owed_from_the_first) {
  DrainWorld world;
  RawListener listener;
  for (const bool global : {false, true}) {
    const std::string url = url_of(listener, "http", "/");
    RunnerOnShard drain(world, global ? global_to(url) : drain_to(url));
    const Seq from = world.shards.on(0, [&] { return world.fabric.shard(0).gauges().lines_appended; }) + kFirst;
    world.append("confirmed");
    RawClient peer = listener.accept();
    body_of(peer);
    peer.send(answer(200));
    ASSERT_TRUE(drain.delivers(1));
    world.append("under way");
    ASSERT_TRUE(drain.reaches([](const Ledger& ledger) { return ledger.in_flight_lines + ledger.pending_lines > 0; }));
    world.append("waiting");
    drain.stop();
    const DrainOwed owed = drain.on_shard([](DrainRunner& runner) { return runner.owed(); });
    ASSERT_EQ(owed.places.size(), 1u);
    EXPECT_EQ(owed.places[0].channel, world.channel);
    EXPECT_EQ(owed.places[0].next, from + 1);
    EXPECT_EQ(owed.lost, 0u);
    EXPECT_EQ(drain.ledger().pending_lines, 2u);
  }
}

TEST(DrainOwed, lines_of_unconfirmed_frames_stay_whatever_comes_behind_them) {
  for (const bool global : {false, true}) {
    DrainWorld world;
    RawListener listener;
    const std::string url = url_of(listener, "http", "/");
    RunnerOnShard drain(world, global ? global_to(url) : drain_to(url));
    world.append("under way");
    RawClient peer = listener.accept();
    body_of(peer);
    world.shards.on(0, [&] {
      for (int i = 0; i < 20'000; ++i) world.fabric.shard(0).append(world.channel, line_of(std::to_string(i)));
    });
    peer.send(answer(503));
    ASSERT_TRUE(drain.reaches([](const Ledger& ledger) { return ledger.state == DrainState::kDegraded; }));
    drain.stop();
    const DrainOwed owed = drain.on_shard([](DrainRunner& runner) { return runner.owed(); });
    ASSERT_EQ(owed.places.size(), 1u);
    EXPECT_EQ(owed.places[0].next, kFirst);
    EXPECT_EQ(owed.lost, 0u);
    EXPECT_EQ(world.shards.on(0, [&] { return world.fabric.shard(0).first_held(world.channel); }), kFirst);
  }
}

TEST(DrainOwed, who_has_everything_is_owed_nothing) {
  DrainWorld world;
  RawListener listener;
  RunnerOnShard one(world, drain_to(url_of(listener, "syslog")));
  RunnerOnShard all(world, global_to(url_of(listener, "syslog")));
  world.append("line");
  RawClient first = listener.accept();
  RawClient second = listener.accept();
  for (RunnerOnShard* drain : {&one, &all}) {
    ASSERT_TRUE(drain->delivers(1));
    drain->stop();
    EXPECT_TRUE(drain->on_shard([](DrainRunner& runner) { return runner.owed(); }).places.empty());
  }
}

TEST(DrainOwed, goes_on_where_it_was_and_its_account_adds_up) {
  for (const bool global : {false, true}) {
    RestoredWorld world(10);
    RawListener listener;
    const std::string url = url_of(listener, "syslog");
    RunnerOnShard drain(world, global ? global_to(url) : drain_to(url), {{{world.channel, kFirst + 4}}, 0, {}, 0});
    EXPECT_EQ(drain.ledger().offered, 6u);
    world.append("new");
    RawClient peer = listener.accept();
    const std::string got = peer.read_until(" new");
    EXPECT_EQ(got.find(" 3"), std::string::npos);
    EXPECT_LT(got.find(" 4"), got.find(" 9"));
    ASSERT_TRUE(drain.delivers(7));
    EXPECT_EQ(drain.ledger().offered, 7u);
    EXPECT_EQ(drain.ledger().dropped_total(), 0u);
    EXPECT_TRUE(!global || drain.reaches([&](const Ledger&) {
      return drain.on_shard([](DrainRunner& runner) { return runner.shares_frames(); });
    })) << "and shares frames with others again";
  }
}

TEST(DrainOwed, losses_that_nobody_told_are_told_before_the_first_line) {
  RestoredWorld world(2);
  RawListener listener;
  RunnerOnShard drain(world, drain_to(url_of(listener, "syslog")),
                      {{{world.channel, kFirst}}, 42, WallTime(std::chrono::seconds(1767323045)), 0});
  RawClient peer = listener.accept();
  const std::string got = peer.read_until(" 1");
  EXPECT_THAT(got, HasSubstr("42 messages dropped"));
  EXPECT_LT(got.find("dropped"), got.find(" 0"));
  ASSERT_TRUE(drain.delivers(2));
}

/// The frame that tells of it was not confirmed either.
TEST(DrainOwed, a_loss_that_was_told_in_vain_keeps_its_time) {
  DrainWorld world;
  RawListener listener;
  for (const bool global : {false, true}) {
    const std::string url = url_of(listener, "http", "/");
    RunnerOnShard drain(world, global ? global_to(url) : drain_to(url));
    const WallTime before = world.shards.on(0, [&] { return world.environment.shard.wall_now(); });
    world.append("refused");
    RawClient peer = listener.accept();
    peer.read_response();
    peer.send(answer(400));
    ASSERT_TRUE(drain.reaches([](const Ledger& ledger) { return ledger.dropped_total() == 1; }));
    world.append("unconfirmed");
    EXPECT_THAT(peer.read_response(), HasSubstr("L10"));
    drain.stop();
    const DrainOwed owed = drain.on_shard([](DrainRunner& runner) { return runner.owed(); });
    EXPECT_EQ(owed.unreported, 1u);
    EXPECT_GE(owed.unreported_since, before);
  }
}

TEST(DrainOwed, a_new_drain_gets_nothing_of_it) {
  RestoredWorld world(10);
  RawListener listener;
  RunnerOnShard one(world, drain_to(url_of(listener, "syslog")));
  RunnerOnShard all(world, global_to(url_of(listener, "syslog")));
  EXPECT_EQ(one.ledger().offered + all.ledger().offered, 0u);
}

}  // namespace
}  // namespace sluice::drains
