#include "logplex/channel/channel_numbers.hpp"

#include "logplex/base/rng.hpp"
#include "logplex/channel/owed_lines.hpp"
#include "tests/support/model_files.hpp"
#include "tests/unit/logplex/channel/fabric_fixture.hpp"

namespace sluice {
namespace {

constexpr std::uint64_t kLog = 0x1234;

Seq number(std::uint64_t epoch, std::uint64_t n) { return epoch << kEpochShift | n; }

/// A node that is started and stopped again and again, with the channel "app".
struct Runs {
  struct Run {
    Run(Runs& runs, std::uint32_t epoch) : fabric(1, 64_MiB, 1500, epoch) {
      auto known = ChannelNumbers::read(runs.files, "numbers", fabric.fabric.identity());
      damaged = known.has_error();
      if (known) fabric.fabric.go_on_with(std::move(*known));
      slot = fabric.open("app");
    }
    void stop(Runs& runs) {
      ChannelNumbers numbers;
      fabric.local().add_numbers(numbers);
      ASSERT_TRUE(numbers.write(runs.files, "numbers", fabric.fabric.identity()));
    }
    std::optional<ResumedAt> resume(Seq kept) const { return fabric.fabric.shard(0).resume(slot, kept); }
    Seq next() const { return fabric.fabric.shard(0).first_held(slot); }

    mutable HandDriven fabric;
    ChannelSlot slot;
    bool damaged = false;
  };
  ModelFiles files;
};

void expect_at(const std::optional<ResumedAt>& at, Seq next, std::uint64_t lost) {
  ASSERT_TRUE(at.has_value());
  EXPECT_EQ(at->next, next);
  EXPECT_EQ(at->lost, lost);
}

TEST(Seq, lines_between_counts_over_restarts) {
  EXPECT_EQ(lines_between(number(3, 10), number(3, 17)), 7u);
  EXPECT_EQ(lines_between(number(3, 10), number(9, 17)), 7u);
  EXPECT_EQ(lines_between(number(3, 10), number(4, 10)), 0u);
}

TEST(ChannelNumbers, go_on_over_orderly_stops_and_count_what_ended_with_a_run) {
  Runs runs;
  {
    Runs::Run run(runs, 5);
    EXPECT_EQ(run.next(), number(5, 0));
    run.fabric.append_many(run.slot, 77);
    run.stop(runs);
  }
  {
    Runs::Run run(runs, 6);
    EXPECT_EQ(run.next(), number(6, 77));
    expect_at(run.resume(number(5, 77)), number(6, 77), 0);
    expect_at(run.resume(number(5, 70)), number(6, 77), 7);
    EXPECT_FALSE(run.resume(number(5, 78))) << "no line had that number";
    EXPECT_FALSE(run.resume(number(4, 70))) << "before the channel began to count";
    run.fabric.append_many(run.slot, 3);
    expect_at(run.resume(number(6, 79)), number(6, 79), 0);
    run.stop(runs);
  }
  Runs::Run run(runs, 7);
  expect_at(run.resume(number(5, 70)), number(7, 80), 10);
  expect_at(run.resume(number(6, 79)), number(7, 80), 1);
}

TEST(ChannelNumbers, begin_anew_after_a_crash) {
  Runs runs;
  {
    Runs::Run run(runs, 5);
    run.fabric.append_many(run.slot, 10);
    run.stop(runs);
  }
  { Runs::Run crashed(runs, 6); }
  Runs::Run run(runs, 7);
  EXPECT_EQ(run.next(), number(7, 0));
  EXPECT_FALSE(run.resume(number(5, 4)));
  EXPECT_FALSE(run.resume(number(6, 11)));
}

TEST(ChannelNumbers, of_restored_lines_stay_and_go_on) {
  Runs runs;
  OwedLines owed;
  std::vector<std::byte> bytes;
  {
    Runs::Run run(runs, 5);
    run.fabric.append_many(run.slot, 10);
    owed = owed_lines(run.fabric.local(), run.slot, "app", number(5, 6));
    for (const auto& piece : owed.records) bytes.insert(bytes.end(), piece.begin(), piece.end());
    run.stop(runs);
  }
  owed.records = {bytes};
  {
    Runs::Run run(runs, 6);
    {
      Restoring restoring(run.fabric.local());
      ASSERT_TRUE(restoring.restore(run.slot, owed));
    }
    expect_at(run.resume(number(5, 8)), number(5, 8), 0);
    expect_at(run.resume(number(5, 2)), number(5, 6), 4);
    run.fabric.append_many(run.slot, 1);
    run.stop(runs);
  }
  Runs::Run run(runs, 7);
  EXPECT_EQ(run.next(), number(7, 11));
  expect_at(run.resume(number(5, 8)), number(7, 11), 3);
}

TEST(ChannelNumbers, a_channel_that_was_unused_or_new_counts_from_its_own_start) {
  Runs runs;
  { Runs::Run(runs, 5).stop(runs); }
  Runs::Run run(runs, 6);
  EXPECT_EQ(run.next(), number(6, 0));
  EXPECT_FALSE(run.resume(number(5, 0)));
}

TEST(ChannelNumbers, damage_is_found_whatever_it_is) {
  const LogIdentity old{kLog, 5};
  const LogIdentity now{kLog, 6};
  ChannelNumbers numbers;
  for (int n = 0; n < 20; ++n) numbers.add(channel_key(kLog, std::to_string(n)), 100 + static_cast<unsigned>(n), 2);
  numbers.seal();
  ModelFiles files;
  ASSERT_TRUE(numbers.write(files, "numbers", old));
  const std::string good = files.files["numbers"];
  EXPECT_EQ(good.size(), 32 + 20 * 32 + 8u);
  EXPECT_EQ(good.substr(0, 8), "SLCNUMB1");
  EXPECT_EQ(ChannelNumbers::read(files, "numbers", now)->find(channel_key(kLog, "7"))->next, 107u);
  EXPECT_EQ(ChannelNumbers::read(files, "numbers", {kLog + 1, 6})->size(), 0u) << "of another log";
  EXPECT_EQ(ChannelNumbers::read(files, "numbers", old)->size(), 0u) << "not of the run before";
  EXPECT_EQ(ChannelNumbers::read(files, "none", now)->size(), 0u);
  SeededRng rng(1);
  for (int round = 0; round < 2000; ++round) {
    std::string bad = good;
    if (rng.below(4) == 0)
      bad.resize(rng.below(good.size()));
    else
      bad[rng.below(good.size())] ^= static_cast<char>(1 + rng.below(255));
    files.files["numbers"] = bad;
    const auto read = ChannelNumbers::read(files, "numbers", now);
    EXPECT_TRUE(read.has_error() || read->size() == 0) << round;
  }
  files.full = true;
  EXPECT_TRUE(numbers.write(files, "numbers", old).has_error());
}

}  // namespace
}  // namespace sluice
