#include "logplex/channel/owed_lines.hpp"

#include <map>

#include "logplex/base/rng.hpp"
#include "logplex/channel/owed_file.hpp"
#include "tests/support/model_files.hpp"
#include "tests/unit/logplex/channel/fabric_fixture.hpp"

namespace sluice {
namespace {

using std::chrono::seconds;

const std::string kPath = "dir/owed-lines";
constexpr LogIdentity kNext{0x1234, 4};  // of the run after HandDriven's

OwedCursor cursor_at(Seq next) { return {{1, next}, next, 2, WallTime(std::chrono::microseconds(77))}; }

/// Owed lines of a channel from its line `from` on, with one cursor there.
OwedLines owed_from(HandDriven& fabric, ChannelSlot slot, const std::string& id, std::uint64_t from) {
  OwedLines owed = owed_lines(fabric.local(), slot, id, fabric.first() + from);
  owed.cursors = {cursor_at(owed.first)};
  return owed;
}

std::string written(const std::vector<OwedLines>& owed) {
  ModelFiles files;
  EXPECT_TRUE(write_owed_file(files, kPath, {0x1234, 3}, owed));
  return files.files[kPath];
}

result<OwedFile, Error> read(const std::string& bytes, const LogIdentity& identity = kNext) {
  ModelFiles files;
  files.files["owed"] = bytes;
  return read_owed_file(*files.open("owed").value(), identity);
}

/// Two channels "a" and "b" with lines "0", "1", ... as a file.
std::string two_channels(int lines = 3) {
  HandDriven fabric(1, 64_MiB, 1'000'000);
  std::vector<OwedLines> owed;
  for (const char* id : {"a", "b"}) {
    const ChannelSlot slot = fabric.open(id);
    for (int i = 0; i < lines; ++i) fabric.append(slot, std::to_string(i));
    owed.push_back(owed_from(fabric, slot, id, 0));
  }
  return written(owed);
}

std::vector<std::string> texts_of(const Collector& got) {
  std::vector<std::string> texts;
  for (const auto& line : got.lines) texts.push_back(line.text);
  return texts;
}

TEST(OwedFile, gives_back_what_was_written) {
  HandDriven fabric(1, 64_MiB, 1'000'000);
  const ChannelSlot slot = fabric.open("app");
  fabric.append_many(slot, 3000, 300);
  fabric.local().append_gap(slot, 7, LossReason::kRate);
  fabric.append(slot, "last");
  const OwedLines owed = owed_from(fabric, slot, "app", 1234);
  EXPECT_EQ(owed.lines, 3008u - 1234);
  ModelFiles files;
  ASSERT_TRUE(write_owed_file(files, kPath, {0x1234, 3}, std::span(&owed, 1)));
  const OwedFile found = read(files.files[kPath]).value();
  EXPECT_EQ(found.damaged_channels, 0u);
  ASSERT_EQ(found.channels.size(), 1u);
  const OwedLines& again = found.channels[0];
  EXPECT_EQ(again.channel, "app");
  EXPECT_EQ(again.first, fabric.first() + 1234);
  EXPECT_EQ(again.lines, owed.lines);
  EXPECT_EQ(again.cursors, owed.cursors);
  EXPECT_EQ(again.record_bytes(), owed.record_bytes());
}

TEST(OwedFile, damage_costs_the_channel_in_which_it_is) {
  const std::string good = two_channels();
  ASSERT_EQ(read(good).value().channels.size(), 2u);
  const std::size_t blocks = 32 + 2 * 16 + 8;
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    const auto found = read(bad);
    if (at < blocks) {
      EXPECT_TRUE(found.has_error()) << at;
      continue;
    }
    ASSERT_TRUE(found) << at;
    ASSERT_EQ(found->channels.size(), 1u) << at;
    EXPECT_EQ(found->channels[0].channel, at < blocks + (good.size() - blocks) / 2 ? "b" : "a");
    EXPECT_EQ(found->damaged_channels, 1u);
    EXPECT_EQ(found->damaged_lines, 3u);
  }
}

TEST(OwedFile, cut_anywhere_is_an_error_or_counted) {
  const std::string good = two_channels();
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto found = read(good.substr(0, size));
    if (found) {
      EXPECT_EQ(found->channels.size() + found->damaged_channels, 2u);
      EXPECT_GE(found->damaged_channels, 1u);
    }
  }
}

TEST(OwedFile, refuses_what_is_not_of_this_log_and_before_this_run) {
  const std::string good = two_channels();
  EXPECT_TRUE(read(good, {0x1234, 9}));
  EXPECT_EQ(read(good, {0x1235, 4}).error().code, OwedFileError::kForeignLog);
  EXPECT_EQ(read(good, {0x1234, 3}).error().code, OwedFileError::kForeignLog);
  std::string newer = good;
  newer[8] = 2;
  EXPECT_EQ(read(newer).error().code, OwedFileError::kUnknownVersion);
  EXPECT_EQ(read("").error().code, OwedFileError::kNotOwedLines);
  EXPECT_EQ(read(std::string(1000, 'x')).error().code, OwedFileError::kNotOwedLines);
}

TEST(OwedFile, full_disk_leaves_no_file) {
  HandDriven fabric(1);
  const ChannelSlot slot = fabric.open("app");
  fabric.append_many(slot, 100);
  const std::vector<OwedLines> owed = [&] {
    std::vector<OwedLines> all;
    all.push_back(owed_from(fabric, slot, "app", 0));
    return all;
  }();
  ModelFiles files;
  files.room = 1000;
  EXPECT_NE(write_owed_file(files, kPath, {0x1234, 3}, owed).error().text().find(kPath), std::string::npos);
  EXPECT_FALSE(files.exists(kPath));
}

TEST(OwedLines, a_restored_channel_goes_on_with_its_numbers) {
  const OwedFile file = read(two_channels()).value();
  HandDriven fabric(1, 64_MiB, 1500, 4);
  const ChannelSlot slot = fabric.open("a");
  {
    Restoring restoring(fabric.local());
    ASSERT_TRUE(restoring.restore(slot, file.channels[0]));
    EXPECT_FALSE(restoring.restore(slot, file.channels[0])) << "has numbers now";
    EXPECT_FALSE(restoring.restore(ChannelSlot{99}, file.channels[0])) << "is not open";
  }
  Reader one(fabric.local(), Retention::kUntaken);
  ASSERT_TRUE(one.attach(slot));
  one.seek(file.channels[0].first + 1, LossReason::kMemoryBudget);
  fabric.append(slot, "new");
  EXPECT_EQ(one.offered(), 3u);
  Collector got;
  one.take(got);
  EXPECT_EQ(texts_of(got), (std::vector<std::string>{"1", "2", "new"}));
  const Seq old_first = Seq{3} << kEpochShift;
  EXPECT_EQ(got.lines[0].seq, old_first + 1);
  EXPECT_EQ(got.lines[2].seq, old_first + 3);
  EXPECT_TRUE(one.adds_up());
  EXPECT_EQ(fabric.local().gauges().lines_restored, 3u);
  // A channel that takes its place later begins above all that was given out.
  fabric.close(slot);
  fabric.turns();
  const ChannelSlot other = fabric.open("c");
  ASSERT_TRUE(one.attach(other));
  EXPECT_GE(one.end(), fabric.first());
}

TEST(OwedLines, history_rules_hold_again_once_the_drains_have_attached) {
  const OwedFile file = read(two_channels(20'000)).value();
  HandDriven fabric(1, 64_MiB, 100, 4);
  const ChannelSlot needed = fabric.open("a");
  const ChannelSlot not_needed = fabric.open("b");
  Reader one(fabric.local(), Retention::kUntaken);
  {
    Restoring restoring(fabric.local());
    ASSERT_TRUE(restoring.restore(needed, file.channels[0]));
    ASSERT_TRUE(restoring.restore(not_needed, file.channels[1]));
    ASSERT_TRUE(one.attach(needed));
    one.seek(file.channels[0].first);
  }
  EXPECT_EQ(one.pending_lines(), 20'000u);
  EXPECT_EQ(fabric.local().first_held(needed), file.channels[0].first);
  EXPECT_GT(fabric.local().first_held(not_needed), file.channels[1].first + 15'000);
  Collector got;
  one.take(got);
  EXPECT_EQ(got.lines.size(), 20'000u);
  EXPECT_GT(fabric.local().first_held(needed), file.channels[0].first + 15'000);
}

TEST(OwedLines, what_a_smaller_budget_cannot_hold_counts_as_lost) {
  const OwedFile file = read(two_channels(20'000)).value();
  HandDriven fabric(1, 1_MiB, 100, 4);
  const ChannelSlot slot = fabric.open("a");
  const ChannelSlot other = fabric.open("b");
  Reader one(fabric.local(), Retention::kUntaken);
  Reader all(fabric.local(), Retention::kUntaken);
  {
    Restoring restoring(fabric.local());
    ASSERT_TRUE(restoring.restore(slot, file.channels[0]));
    ASSERT_TRUE(restoring.restore(other, file.channels[1]));
    ASSERT_TRUE(one.attach(slot));
    one.seek(file.channels[0].first, LossReason::kMemoryBudget);
    ASSERT_TRUE(all.attach_all());
    all.offer_from(slot, file.channels[0].first);
    all.offer_from(other, file.channels[1].first + 10);
  }
  EXPECT_LE(fabric.local().gauges().bytes_used, (1_MiB).count);
  for (Reader* reader : {&one, &all}) {
    EXPECT_GT(reader->lost().count(LossReason::kMemoryBudget), 1000u);
    EXPECT_EQ(reader->lost().total(), reader->lost().count(LossReason::kMemoryBudget));
    EXPECT_GT(reader->pending_lines(), 1000u);
    EXPECT_TRUE(reader->adds_up());
    EXPECT_EQ(reader->unreported().total(), reader->lost().total());
  }
  EXPECT_EQ(one.offered(), 20'000u);
  EXPECT_EQ(all.offered(), 39'990u);
  Collector got;
  all.take(got);
  EXPECT_EQ(got.events.front(), 'x');
  EXPECT_EQ(all.taken() + all.lost().total(), 39'990u);
  EXPECT_EQ(all.pending_bytes(), 0u);
}

TEST(OwedLines, lines_evicted_under_a_cursor_become_a_gap_of_the_shutdown) {
  HandDriven before(1, 1_MiB, 100);
  const ChannelSlot slot = before.open("a");
  before.append_many(slot, 20'000);
  const Seq held = before.local().first_held(slot);
  ASSERT_GT(held, before.first() + 100);
  std::vector<OwedLines> owed;
  owed.push_back(owed_from(before, slot, "a", 50));
  const OwedFile file = read(written(owed)).value();
  ASSERT_EQ(file.channels.size(), 1u);

  HandDriven fabric(1, 64_MiB, 100, 4);
  const ChannelSlot again = fabric.open("a");
  Reader one(fabric.local(), Retention::kUntaken);
  {
    Restoring restoring(fabric.local());
    ASSERT_TRUE(restoring.restore(again, file.channels[0]));
    ASSERT_TRUE(one.attach(again));
    one.seek(before.first() + 60);
  }
  Collector got;
  one.take(got);
  EXPECT_EQ(one.lost().count(LossReason::kShutdown), held - before.first() - 60);
  EXPECT_EQ(got.lines.front().seq, held);
  EXPECT_EQ(one.taken() + one.lost().total(), 20'000u - 60);
}

TEST(OwedLines, global_readers_go_on_each_from_its_own_place) {
  const OwedFile file = read(two_channels(10)).value();
  HandDriven fabric(1, 64_MiB, 1500, 4);
  const ChannelSlot a = fabric.open("a");
  const ChannelSlot b = fabric.open("b");
  const Seq first = file.channels[0].first;
  Reader early(fabric.local(), Retention::kUntaken);
  Reader late(fabric.local(), Retention::kUntaken);
  Reader nothing(fabric.local(), Retention::kUntaken);
  {
    Restoring restoring(fabric.local());
    ASSERT_TRUE(restoring.restore(a, file.channels[0]));
    ASSERT_TRUE(restoring.restore(b, file.channels[1]));
    for (Reader* reader : {&early, &late, &nothing}) ASSERT_TRUE(reader->attach_all());
    early.offer_from(a, first);
    early.offer_from(b, first + 9);
    late.offer_from(a, first + 5);
    late.offer_from(a, first);
    late.offer_from(b, first + 10);
  }
  EXPECT_EQ(early.pending_lines(), 11u);
  EXPECT_EQ(late.pending_lines(), 5u) << "an offer counts once";
  EXPECT_EQ(nothing.pending_lines(), 0u);
  fabric.append(a, "new");
  fabric.append(b, "new");
  const auto taken = [&](Reader& reader) {
    Collector got;
    reader.take(got);
    EXPECT_TRUE(reader.adds_up());
    EXPECT_EQ(reader.pending_bytes(), 0u);
    std::string text;
    for (const auto& line : got.lines) text += (line.channel == a ? "a" : "b") + line.text + ' ';
    return text;
  };
  EXPECT_EQ(taken(early), "a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 anew b9 bnew ");
  EXPECT_EQ(taken(late), "a5 a6 a7 a8 a9 anew bnew ");
  EXPECT_EQ(taken(nothing), "anew bnew ");
  EXPECT_TRUE(nothing.follow(early));
  EXPECT_TRUE(late.follow(early));
}

TEST(OwedLines, what_a_reader_may_need_again_stays_until_it_says_so) {
  for (const bool global : {false, true}) {
    HandDriven fabric(1, 64_MiB, 100);
    const ChannelSlot slot = fabric.open("a");
    Reader reader(fabric.local(), Retention::kUntaken);
    ASSERT_TRUE(global ? reader.attach_all() : reader.attach(slot));
    const auto take_all = [&] {
      Collector got;
      reader.take(got);
    };
    fabric.append_many(slot, 5000);
    reader.keep_since(WallTime::min());
    take_all();
    EXPECT_EQ(fabric.local().first_held(slot), fabric.first());
    fabric.pass(seconds(1));
    const WallTime later = fabric.clock.wall();
    const Seq taken = fabric.first() + 5000;
    fabric.append_many(slot, 5000);
    take_all();
    reader.keep_since(later);
    fabric.append_many(slot, 1000);
    take_all();
    EXPECT_LE(fabric.local().first_held(slot), taken);
    EXPECT_GT(fabric.local().first_held(slot), taken - 1500);
    reader.keep_since(Subscription::kNothing);
    fabric.append_many(slot, 1000);
    take_all();
    EXPECT_GT(fabric.local().first_held(slot), taken + 5000);
    EXPECT_TRUE(reader.adds_up());
  }
}

/// Lines that came after the clock was set back look older than those before them, in the same segment.
TEST(OwedLines, a_clock_that_is_set_back_lets_nothing_go_that_is_needed_again) {
  for (const bool global : {false, true}) {
    HandDriven fabric(1, 64_MiB, 100);
    const ChannelSlot slot = fabric.open("a");
    Reader reader(fabric.local(), Retention::kUntaken);
    ASSERT_TRUE(global ? reader.attach_all() : reader.attach(slot));
    const WallTime oldest_in_frame = fabric.clock.wall();
    fabric.append(slot, "first");
    fabric.clock.step_wall(-std::chrono::hours(1));
    fabric.append_many(slot, 5000);
    reader.keep_since(WallTime::min());
    Collector got;
    reader.take(got);
    reader.keep_since(oldest_in_frame);
    fabric.append_many(slot, 1000);
    EXPECT_EQ(fabric.local().first_held(slot), fabric.first());
  }
}

TEST(OwedLines, what_is_kept_for_a_reader_goes_when_memory_is_short_or_it_ends) {
  HandDriven fabric(1, 1_MiB, 100);
  const ChannelSlot slot = fabric.open("a");
  {
    Reader reader(fabric.local(), Retention::kUntaken);
    ASSERT_TRUE(reader.attach_all());
    reader.keep_since(WallTime::min());
    for (int i = 0; i < 20; ++i) {
      fabric.append_many(slot, 1000);
      Collector got;
      reader.take(got);
    }
    EXPECT_LE(fabric.local().gauges().bytes_used, (1_MiB).count);
    EXPECT_GT(fabric.local().gauges().bytes_used, (1_MiB).count / 2);
    EXPECT_EQ(reader.lost().total(), 0u) << "it had them";
  }
  fabric.append_many(slot, 1000);
  EXPECT_LT(fabric.local().gauges().bytes_used, (1_MiB).count / 2);
}

TEST(OwedLines, says_what_a_reader_has_not_taken) {
  HandDriven fabric(1);
  const ChannelSlot a = fabric.open("a");
  const ChannelSlot b = fabric.open("b");
  Reader one(fabric.local(), Retention::kUntaken);
  Reader all(fabric.local(), Retention::kUntaken);
  ASSERT_TRUE(one.attach(a));
  ASSERT_TRUE(all.attach_all());
  EXPECT_TRUE(one.untaken().empty());
  fabric.append_many(a, 5);
  fabric.append_many(b, 2);
  Collector got;
  got.stop_at = 3;
  one.take(got);
  ASSERT_EQ(one.untaken().size(), 1u);
  EXPECT_EQ(one.untaken()[0].next, fabric.first() + 3);
  EXPECT_EQ(one.untaken()[0].end, fabric.first() + 5);
  EXPECT_EQ(all.untaken().size(), 2u);
}

/// Whatever readers had taken when it stopped: after any number of restarts each has had every line once and in order.
TEST(OwedLines, property_over_restarts_each_reader_gets_each_line_once_in_order) {
  constexpr int kChannels = 3;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SeededRng rng(seed);
    int appended = 0;
    std::map<std::string, std::vector<int>> had[2];  // by channel, of each reader
    OwedFile file;
    for (std::uint32_t epoch = 3; epoch < 8; ++epoch) {
      HandDriven fabric(1, 64_MiB, 10, epoch);
      std::vector<ChannelSlot> slots;
      std::vector<std::string> ids;
      for (int i = 0; i < kChannels; ++i) {
        ids.push_back("channel-" + std::to_string(i));
        slots.push_back(fabric.open(ids.back()));
      }
      Reader readers[2] = {Reader(fabric.local(), Retention::kUntaken), Reader(fabric.local(), Retention::kUntaken)};
      {
        Restoring restoring(fabric.local());
        for (const OwedLines& owed : file.channels)
          ASSERT_TRUE(restoring.restore(slots[static_cast<std::size_t>(owed.channel.back() - '0')], owed));
        for (std::uint64_t r = 0; r < 2; ++r) {
          ASSERT_TRUE(readers[r].attach_all());
          for (const OwedLines& owed : file.channels)
            for (const OwedCursor& cursor : owed.cursors)
              if (cursor.drain.low == r)
                readers[r].offer_from(slots[static_cast<std::size_t>(owed.channel.back() - '0')], cursor.next);
        }
      }
      const auto lines = rng.below(200);
      for (std::uint64_t i = 0; i < lines; ++i) fabric.append(slots[rng.below(kChannels)], std::to_string(appended++));
      std::vector<OwedLines> kept;
      std::map<ChannelSlot, std::vector<OwedCursor>> cursors;
      for (int r = 0; r < 2; ++r) {
        Collector got;
        got.stop_at = epoch == 7 ? ~std::size_t{0} : rng.below(150);
        readers[r].take(got);
        ASSERT_TRUE(readers[r].adds_up());
        for (const auto& line : got.lines) had[r][ids[line.channel.value]].push_back(std::stoi(line.text));
        for (const Untaken& rest : readers[r].untaken())
          cursors[rest.channel].push_back({{0, static_cast<std::uint64_t>(r)}, rest.next, 0, {}});
      }
      for (auto& [slot, all] : cursors) {
        Seq lowest = all[0].next;
        for (const auto& cursor : all) lowest = std::min(lowest, cursor.next);
        kept.push_back(owed_lines(fabric.local(), slot, ids[slot.value], lowest));
        kept.back().cursors = all;
      }
      ModelFiles files;
      ASSERT_TRUE(write_owed_file(files, kPath, {0x1234, epoch}, kept));
      file = read(files.files[kPath], {0x1234, epoch + 1}).value();
      ASSERT_EQ(file.damaged_channels, 0u);
    }
    for (const auto& reader : had) {
      std::size_t total = 0;
      for (const auto& [id, numbers] : reader) {
        total += numbers.size();
        EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
        EXPECT_EQ(std::adjacent_find(numbers.begin(), numbers.end()), numbers.end());
      }
      EXPECT_EQ(total, static_cast<std::size_t>(appended));
    }
  }
}

}  // namespace
}  // namespace sluice
