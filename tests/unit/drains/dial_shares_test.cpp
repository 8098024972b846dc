#include "drains/dial_shares.hpp"

#include <gtest/gtest.h>

#include "tests/unit/drains/drain_fixture.hpp"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kPlain{0};
const SteadyTime kBegin{seconds(1000)};

TEST(DialShares, twenty_at_once_and_then_ten_a_second) {
  DialShares shares;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(shares.pause({7, ""}, kBegin), Duration::zero());
    shares.count({7, ""}, kPlain, 6, kBegin);
  }
  shares.count({7, ""}, kPlain, 6, kBegin);
  EXPECT_EQ(shares.pause({7, ""}, kBegin), milliseconds(100));
  EXPECT_EQ(shares.pause({7, ""}, kBegin + milliseconds(100)), Duration::zero());
  EXPECT_EQ(shares.pause({8, ""}, kBegin), Duration::zero()) << "another drain";
}

TEST(DialShares, dear_handshakes_cost_more) {
  DialShares shares;
  shares.count({7, ""}, milliseconds(60), 6, kBegin);
  EXPECT_EQ(shares.pause({7, ""}, kBegin), seconds(1));
  shares.count({7, ""}, seconds(60), 6, kBegin);
  EXPECT_EQ(shares.pause({7, ""}, kBegin), seconds(6)) << "five seconds at most";
}

TEST(DialShares, drains_that_are_made_anew_share_what_their_channel_has) {
  DialShares shares;
  std::uint64_t drain = 0;
  for (; shares.pause({drain, "shop"}, kBegin) == Duration::zero() && drain < 1000; ++drain)
    shares.count({drain, "shop"}, kPlain, 6, kBegin);
  EXPECT_EQ(drain, 121u) << "as many as six drains, and what is over waits";
  EXPECT_EQ(shares.pause({drain, "blog"}, kBegin), Duration::zero()) << "another channel";
}

TEST(DialShares, whose_share_is_whole_again_is_forgotten) {
  DialShares shares;
  for (std::uint64_t drain = 0; drain < 100'000; ++drain) {
    const SteadyTime now = kBegin + milliseconds(drain * 10);
    shares.count({drain, "c" + std::to_string(drain)}, kPlain, 6, now);
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
    return world.environment.dials->pause({drain.id, drain.channel}, shard.now());
  });
  EXPECT_GT(pause, Duration::zero());
}

}  // namespace
}  // namespace sluice
