#include "logplex/channel/seams/line_log.hpp"

#include "logplex/runtime/gate.hpp"
#include "tests/support/slow_log.hpp"
#include "tests/unit/logplex/channel/fabric_fixture.hpp"

namespace sluice {
namespace {

Task<void> settle(FabricShard& fabric, Ack wanted, std::vector<result<Ack>>& seen) {
  const auto reached = co_await fabric.settled(wanted);
  seen.push_back(reached);
}

TEST(LineLog, without_a_log_lines_are_in_memory_whatever_is_wanted) {
  HandDriven fabric(2);
  Gate gate(fabric.runtime.shard(0), "test");
  std::vector<result<Ack>> seen;
  fabric.append(fabric.open(1), "line");
  for (const Ack wanted : {Ack::kMemory, Ack::kDisk, Ack::kKafka}) gate.spawn(settle(fabric.local(), wanted, seen));
  fabric.turns();
  ASSERT_EQ(seen.size(), 3u);
  for (const auto& reached : seen) EXPECT_EQ(reached.value(), Ack::kMemory);
}

TEST(LineLog, who_wants_more_than_memory_waits_for_the_disk_and_learns_when_it_fails) {
  auto log = std::make_unique<SlowLog>();
  SlowLog& disk = *log;
  HandDriven fabric(2, 64_MiB, 1500, 3, {fixed_placement, std::move(log)});
  Gate gate(fabric.runtime.shard(0), "test");
  std::vector<result<Ack>> seen;
  const ChannelSlot far = fabric.open(1);
  fabric.append(far, "line");
  gate.spawn(settle(fabric.local(), Ack::kMemory, seen));
  gate.spawn(settle(fabric.local(), Ack::kDisk, seen));
  fabric.runtime.shard(0).turn();
  EXPECT_EQ(disk.waiting(), 0u) << "the owner does not have the line yet";
  fabric.turns();
  ASSERT_EQ(seen.size(), 1u) << "memory does not wait for the disk";
  EXPECT_EQ(disk.waiting(), 1u);
  disk.reach(Ack::kDisk);
  fabric.turns();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[1].value(), Ack::kDisk);
  gate.spawn(settle(fabric.local(), Ack::kDisk, seen));
  fabric.turns();
  disk.reach(Ack::kMemory);
  fabric.turns();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[2].value(), Ack::kMemory);
}

TEST(LineLog, a_cancelled_wait_is_an_error) {
  auto log = std::make_unique<SlowLog>();
  HandDriven fabric(1, 64_MiB, 1500, 3, {fixed_placement, std::move(log)});
  Gate gate(fabric.runtime.shard(0), "test");
  std::vector<result<Ack>> seen;
  gate.spawn(settle(fabric.local(), Ack::kDisk, seen));
  fabric.turns();
  gate.stop();
  fabric.turns();
  for (const auto& reached : seen) EXPECT_TRUE(reached.has_error());
}

}  // namespace
}  // namespace sluice
