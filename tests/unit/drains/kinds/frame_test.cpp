#include "drains/kinds/frame.hpp"

#include <gtest/gtest.h>

#include "logplex/channel/fabric.hpp"

namespace sluice::drains {
namespace {

constexpr Uuid kDrain{1, 2};

/// One run of a process, in which channels have the slots that they happen to get.
struct Process {
  explicit Process(std::vector<std::string> channels, std::uint64_t log_id = 0x1234, std::uint32_t epoch = 3)
      : fabric(runtime, {64_MiB, 100, {}}, std::chrono::seconds(1), {log_id, epoch}), names(std::move(channels)) {
    for (std::uint32_t slot = 0; slot < names.size(); ++slot)
      fabric.local().open_channel(ChannelSlot{slot}, names[slot]);
  }
  ChannelSlot slot_of(const std::string& name) const {
    return {static_cast<std::uint32_t>(std::ranges::find(names, name) - names.begin())};
  }
  std::string id(const std::vector<std::pair<std::string, Seq>>& lines, const Uuid& drain = kDrain) {
    Frame frame;
    for (const auto& [channel, seq] : lines) add_line(frame.runs, slot_of(channel), seq);
    set_id(frame, fabric.local(), drain);
    return std::string(frame.id_text());
  }

  ManualClock clock;
  Runtime runtime{1, clock};
  ShardScope scope{runtime.shard(0)};
  Fabric fabric;
  const std::vector<std::string> names;
};

const std::vector<std::pair<std::string, Seq>> kLines = {{"a", 5}, {"a", 6}, {"b", 9}, {"a", 7}};

TEST(FrameId, is_the_same_in_every_process) {
  std::string first;
  {
    Process one({"a", "b"});
    first = one.id(kLines);
    EXPECT_EQ(first.find_first_not_of("0123456789ABCDEF"), std::string::npos);
    one.fabric.local().close_channel(one.slot_of("a"));
    EXPECT_EQ(one.id(kLines), first) << "a deleted channel's lines may be on their way still";
  }
  Process restarted({"c", "b", "d", "a"}, 0x1234, 4);
  EXPECT_EQ(restarted.id(kLines), first);
}

TEST(FrameId, differs_by_log_drain_channel_and_run) {
  std::vector<std::string> ids;
  {
    Process one({"a", "b"});
    ids = {one.id(kLines), one.id(kLines, {1, 3}), one.id({{"b", 5}, {"b", 6}, {"b", 9}, {"b", 7}}),
           one.id({{"a", 5}, {"a", 6}, {"b", 9}, {"a", 8}}), one.id({{"a", 5}, {"a", 6}, {"b", 9}})};
  }
  ids.push_back(Process({"a", "b"}, 0x1235).id(kLines));
  std::ranges::sort(ids);
  EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
}

TEST(FrameId, of_very_many_runs_depends_on_each) {
  Process one({"a", "b"});
  std::vector<std::pair<std::string, Seq>> lines;
  for (Seq n = 0; n < 100; ++n) lines.emplace_back(n % 2 == 0 ? "a" : "b", n);
  const std::string whole = one.id(lines);
  for (auto& [channel, seq] : lines) {
    ++seq;
    EXPECT_NE(one.id(lines), whole);
    --seq;
  }
  EXPECT_EQ(one.id(lines), whole);
}

}  // namespace
}  // namespace sluice::drains
