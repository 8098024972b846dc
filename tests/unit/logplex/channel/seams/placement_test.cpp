#include "logplex/channel/seams/placement.hpp"

#include "logplex/base/partition.hpp"
#include "tests/support/moving_placement.hpp"
#include "tests/unit/logplex/channel/fabric_fixture.hpp"

namespace sluice {
namespace {

constexpr Owner kOtherNode{7, 1};

TEST(Placement, a_node_alone_owns_everything_in_ranges) {
  const FixedPlacement of_third(2, 3);
  EXPECT_EQ(of_third.owner_of(0), (Owner{Owner::kThisNode, 0}));
  EXPECT_EQ(of_third.owner_of(kPartitions - 1), (Owner{Owner::kThisNode, 2}));
  EXPECT_TRUE(of_third.is_mine(kPartitions - 1));
  EXPECT_FALSE(of_third.is_mine(0));
  std::uint32_t last = 0;
  for (std::uint32_t partition = 0; partition < kPartitions; ++partition) {
    const Owner owner = of_third.owner_of(partition);
    EXPECT_TRUE(owner.here());
    EXPECT_TRUE(owner.shard == last || owner.shard == last + 1) << partition;
    last = owner.shard;
  }
  EXPECT_EQ(of_third.owner_of_channel("app"), of_third.owner_of(partition_of("app")));
}

TEST(Placement, observers_learn_of_a_change_in_order_until_they_leave) {
  struct Noting final : PlacementObserver {
    Noting(std::string& into, char as) : log(into), name(as) {}
    void on_placement() override { log += name; }
    std::string& log;
    char name;
  };
  MovingPlacement placement(0, 1);
  std::string log;
  Noting one(log, '1');
  Noting two(log, '2');
  placement.add(one);
  placement.add(two);
  const std::uint64_t before = placement.epoch();
  placement.move(5, kOtherNode);
  EXPECT_EQ(log, "12");
  EXPECT_GT(placement.epoch(), before);
  EXPECT_EQ(placement.owner_of(5), kOtherNode);
  EXPECT_FALSE(placement.is_mine(5));
  placement.remove(one);
  placement.move(5, {});
  EXPECT_EQ(log, "122");
  EXPECT_TRUE(placement.is_mine(5));
}

/// Two shards of a node, and a channel that begins on the first.
struct MovedChannel {
  /// As the node does when a shard learns of a change.
  void move(std::uint32_t on, Owner to) {
    ShardScope scope(fabric.runtime.shard(on));
    placements.of(on).move(partition_of(id), to);
    fabric.fabric.shard(on).open_channel(slot, id);
  }
  void move_everywhere(Owner to) {
    for (std::uint32_t on = 0; on < 2; ++on) move(on, to);
    fabric.turns();
  }
  FabricShard& shard(std::uint32_t number) { return fabric.fabric.shard(number); }

  MovingPlacements placements;
  HandDriven fabric{2, 64_MiB, 1500, 3, {placements.make()}};
  const std::string id = id_on(0, 2, 0);
  const ChannelSlot slot = fabric.open(id);
};

TEST(Placement, a_channel_of_another_node_takes_no_lines_here) {
  MovedChannel moved;
  Reader reader(moved.shard(0), Retention::kUntaken);
  ASSERT_TRUE(reader.attach(moved.slot));
  moved.fabric.append(moved.slot, "before");
  moved.move_everywhere(kOtherNode);
  EXPECT_EQ(reader.closed, 1);
  EXPECT_FALSE(moved.shard(0).is_open(moved.slot));
  moved.fabric.append(moved.slot, "after", 0);
  moved.fabric.append(moved.slot, "after", 1);
  moved.fabric.turns();
  EXPECT_EQ(moved.shard(0).gauges().lines_unrouted, 1u);
  EXPECT_EQ(moved.shard(1).gauges().lines_unrouted, 1u);
  EXPECT_EQ(reader.attach(moved.slot).error(), FabricError::kNotOwner);
  moved.move_everywhere({Owner::kThisNode, 0});
  EXPECT_TRUE(reader.attach(moved.slot));
}

TEST(Placement, numbers_go_on_at_another_shard_whoever_learns_first) {
  for (const std::uint32_t first : {0U, 1U}) {
    MovedChannel moved;
    for (int i = 0; i < 5; ++i) moved.fabric.append(moved.slot, "before", 1);
    moved.fabric.turns();
    const Owner to{Owner::kThisNode, 1};
    moved.move(first, to);
    moved.fabric.turns();
    moved.fabric.append(moved.slot, "under way", first);
    moved.move(1 - first, to);
    moved.fabric.turns();
    Reader reader(moved.shard(1), Retention::kUntaken);
    {
      ShardScope on(moved.fabric.runtime.shard(1));
      ASSERT_TRUE(reader.attach(moved.slot)) << first;
    }
    moved.fabric.append(moved.slot, "after", 0);
    moved.fabric.turns();
    ShardScope on(moved.fabric.runtime.shard(1));
    Collector got;
    reader.take(got);
    ASSERT_EQ(got.lines.size(), 1u);
    EXPECT_GE(got.lines[0].seq, moved.fabric.first() + 5);
    EXPECT_EQ(got.lines[0].text, "after");
    const std::uint64_t appended = moved.shard(0).gauges().lines_appended + moved.shard(1).gauges().lines_appended;
    const std::uint64_t unrouted = moved.shard(0).gauges().lines_unrouted + moved.shard(1).gauges().lines_unrouted;
    EXPECT_EQ(appended + unrouted, 7u) << first;
    EXPECT_EQ(unrouted, first == 1 ? 1u : 0u) << "the old owner has to have told where numbers go on";
    reader.detach();
  }
}

TEST(Placement, a_channel_that_comes_back_before_everybody_knew_is_open) {
  MovedChannel moved;
  moved.fabric.append(moved.slot, "one");
  moved.move_everywhere({Owner::kThisNode, 1});
  moved.move_everywhere({Owner::kThisNode, 0});
  moved.fabric.append(moved.slot, "two", 1);
  moved.fabric.turns();
  EXPECT_EQ(moved.shard(0).gauges().lines_appended, 2u);
  EXPECT_GE(moved.shard(0).first_held(moved.slot), moved.fabric.first() + 1);
}

}  // namespace
}  // namespace sluice
