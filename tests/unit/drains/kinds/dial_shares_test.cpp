#include "drains/kinds/dial_shares.hpp"

#include <gtest/gtest.h>

#include "tests/unit/drains/drain_fixture.hpp"

namespace sluice::drains {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const SteadyTime kBegin{seconds(1000)};

TEST(DialShares, twenty_at_once_and_then_ten_a_second_one_behind_the_other) {
  DialShares shares;
  for (int i = 0; i <= 20; ++i) EXPECT_EQ(shares.take({7, ""}, 6, kBegin), Duration::zero());
  for (int i = 1; i <= 50; ++i) EXPECT_EQ(shares.take({7, ""}, 6, kBegin), milliseconds(100 * i));
  EXPECT_EQ(shares.take({7, ""}, 6, kBegin), std::nullopt) << "nobody waits longer than five seconds";
  EXPECT_EQ(shares.take({7, ""}, 6, kBegin + milliseconds(100)), seconds(5)) << "who was sent away was not counted";
  EXPECT_EQ(shares.take({8, ""}, 6, kBegin), Duration::zero()) << "another drain";
}

TEST(DialShares, dear_handshakes_cost_more) {
  DialShares shares;
  const auto connect = [&](Duration handshake) {
    const auto pause = shares.take({7, ""}, 6, kBegin);
    shares.add({7, ""}, handshake, 6, kBegin);
    return pause;
  };
  EXPECT_EQ(connect(milliseconds(60)), Duration::zero());
  EXPECT_EQ(connect(milliseconds(1)), seconds(1));
  EXPECT_EQ(connect(seconds(60)), milliseconds(1100)) << "as a plain one before, and now five seconds more at most";
  EXPECT_EQ(shares.take({7, ""}, 6, kBegin), std::nullopt);
  EXPECT_EQ(shares.take({7, ""}, 6, kBegin + milliseconds(1100)), seconds(5));
}

TEST(DialShares, drains_that_are_made_anew_share_what_their_channel_has) {
  DialShares shares;
  std::uint64_t drain = 0;
  while (shares.take({drain, "shop"}, 6, kBegin) == Duration::zero() && drain < 1000) ++drain;
  EXPECT_EQ(drain, 121u) << "as many as six drains, and what is over waits";
  EXPECT_EQ(shares.take({drain, "blog"}, 6, kBegin), Duration::zero()) << "another channel";
}

TEST(DialShares, whose_share_is_whole_again_is_forgotten) {
  DialShares shares;
  for (std::uint64_t drain = 0; drain < 100'000; ++drain) {
    const SteadyTime now = kBegin + milliseconds(drain * 10);
    EXPECT_EQ(shares.take({drain, "c" + std::to_string(drain)}, 6, now), Duration::zero());
  }
  EXPECT_LT(shares.size(), 100u);
}

TEST(DialShares, changing_a_drain_gives_it_no_new_share) {
  DrainWorld world;
  RawListener listener;
  const Drain drain = drain_to(url_of(listener, "http"));
  RunnerOnShard runner(world, drain);
  for (std::uint64_t i = 1; i <= 25; ++i) {
    world.append("line " + std::to_string(i));
    RawClient peer = listener.accept();
    peer.read_response();
    peer.send(answer(200));
    ASSERT_TRUE(runner.delivers(i));
    runner.change(drain);
  }
  const auto pause = world.shards.on(0, [&] {
    Shard& shard = world.environment.shard;
    return world.environment.dials->take({drain.id, drain.channel}, 6, shard.now());
  });
  EXPECT_GT(pause, Duration::zero());
}

}  // namespace
}  // namespace sluice::drains
