#include <ranges>
#include <set>

#include <gtest/gtest.h>

#include "logplex/channel/cursor.hpp"
#include "logplex/channel/global_places.hpp"
#include "logplex/channel/log_identity.hpp"
#include "logplex/channel/segment_pool.hpp"
#include "logplex/channel/shares.hpp"
#include "logplex/channel/size_classes.hpp"
#include "tests/support/model_files.hpp"

namespace sluice {
namespace {

TEST(Cursor, text_form_is_as_documented_and_comes_back) {
  const Cursor cursor{0x0123456789abcdef, (Seq{5} << kEpochShift) | 77};
  EXPECT_EQ(cursor.format(), "0123456789abcdef-000005000000004d");
  EXPECT_EQ(Cursor::parse(cursor.format()).value(), cursor);
  EXPECT_EQ(Cursor::parse(cursor.format(), cursor.log_id).value(), cursor);
  EXPECT_EQ(Cursor::parse(cursor.format(), 1).error(), CursorError::kForeign);
}

TEST(Cursor, anything_else_is_malformed) {
  const std::string good = Cursor{1, 2}.format();
  for (std::size_t i = 0; i < good.size(); ++i) {
    EXPECT_EQ(Cursor::parse(good.substr(0, i)).error(), CursorError::kMalformed);
    for (const char c : {'g', ' ', 'A', '+', '\0', '\xff'}) {
      std::string bad = good;
      bad[i] = c;
      EXPECT_EQ(Cursor::parse(bad).error(), CursorError::kMalformed) << bad;
    }
  }
  EXPECT_EQ(Cursor::parse(good + "0").error(), CursorError::kMalformed);
}

TEST(LogIdentity, keeps_its_id_and_raises_the_epoch_at_every_start) {
  ModelFiles files;
  SeededRng rng(1);
  const LogIdentity first = LogIdentity::begin("dir", files, rng).value();
  const LogIdentity second = LogIdentity::begin("dir", files, rng).value();
  EXPECT_NE(first.log_id, 0u);
  EXPECT_EQ(first.epoch, 1u);
  EXPECT_EQ(second.log_id, first.log_id);
  EXPECT_EQ(second.epoch, 2u);
  EXPECT_EQ(second.first_seq(), Seq{2} << kEpochShift);
}

TEST(LogIdentity, does_not_start_when_the_epoch_cannot_be_kept) {
  ModelFiles files;
  SeededRng rng(1);
  files.full = true;
  EXPECT_NE(LogIdentity::begin("dir", files, rng).error().text().find("dir/log-id"), std::string::npos);
}

TEST(LogIdentity, refuses_a_damaged_file_by_name) {
  SeededRng rng(1);
  ModelFiles good;
  ASSERT_TRUE(LogIdentity::begin("dir", good, rng));
  const std::string text = good.files["dir/log-id"];
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    ModelFiles files;
    files.files["dir/log-id"] = text.substr(0, cut);
    const auto refused = LogIdentity::begin("dir", files, rng);
    ASSERT_TRUE(refused.has_error()) << cut;
    EXPECT_NE(refused.error().text().find("dir/log-id"), std::string::npos);
    EXPECT_EQ(files.files["dir/log-id"], text.substr(0, cut)) << "left as it was";
  }
}

TEST(LogIdentity, after_the_last_epoch_begins_another_log) {
  ModelFiles files;
  SeededRng rng(1);
  files.files["dir/log-id"] = "sluice-log 1\nlog_id=00000000000000aa\nepoch=16777215\n";
  const LogIdentity identity = LogIdentity::begin("dir", files, rng).value();
  EXPECT_NE(identity.log_id, 0xaau);
  EXPECT_EQ(identity.epoch, 1u);
}

TEST(SegmentPool, sizes_follow_what_the_channel_holds_and_the_record) {
  EXPECT_EQ(SegmentPool::class_for(0, 100), 0);
  EXPECT_EQ(SegmentPool::class_for(0, 448), 0);
  EXPECT_EQ(SegmentPool::class_for(0, 449), 1);
  EXPECT_EQ(SegmentPool::class_for(4 << 10, 100), 1);
  EXPECT_EQ(SegmentPool::class_for(128 << 10, 100), 2);
  EXPECT_EQ(SegmentPool::class_for(512 << 10, 100), 3);
  EXPECT_EQ(SegmentPool::class_for(0, 66'000), SegmentPool::kOversize);
}

TEST(SegmentPool, uses_warm_memory_again_and_spaces_segments_by_odd_lines) {
  SegmentPool pool;
  Segment* first = pool.acquire(3, 100);
  Segment* second = pool.acquire(3, 100);
  const auto apart = reinterpret_cast<std::byte*>(second) - reinterpret_cast<std::byte*>(first);
  EXPECT_EQ(apart % 64, 0);
  EXPECT_EQ(apart / 64 % 2, 1);
  pool.release(*first);
  EXPECT_EQ(pool.acquire(3, 100), first);
  pool.release(*first);
  pool.release(*second);
  EXPECT_EQ(pool.used_bytes(), 0u);
}

TEST(SegmentPool, gives_back_what_is_beyond_the_reserve) {
  SegmentPool pool;
  pool.set_reserve(2 << 20);
  std::vector<Segment*> all;
  for (int i = 0; i < 1000; ++i) all.push_back(pool.acquire(3, 100));
  EXPECT_GT(pool.mapped_bytes(), std::uint64_t{60} << 20);
  for (Segment* segment : all) pool.release(*segment);
  EXPECT_LE(pool.mapped_bytes(), std::uint64_t{4} << 20);
}

TEST(SegmentPool, random_use_never_gives_out_the_same_bytes_twice) {
  SegmentPool pool;
  pool.set_reserve(1 << 20);
  SeededRng rng(5);
  struct Held {
    Segment* segment;
    std::byte mark;
  };
  std::vector<Held> held;
  std::uint64_t bytes = 0;
  for (int i = 0; i < 20'000; ++i) {
    if (held.size() < 300 && rng.below(2) == 0) {
      const auto size_class = static_cast<std::uint8_t>(rng.below(5));
      Segment* segment = pool.acquire(size_class, size_class == SegmentPool::kOversize ? 70'000 : 100);
      const auto mark = static_cast<std::byte>(rng.below(256));
      std::memset(segment->payload(), static_cast<int>(mark), segment->capacity);
      bytes += SegmentPool::footprint(*segment);
      held.push_back({segment, mark});
    } else if (!held.empty()) {
      std::swap(held[rng.below(held.size())], held.back());
      const Held last = held.back();
      held.pop_back();
      for (const std::uint32_t at : {0u, last.segment->capacity / 2, last.segment->capacity - 1})
        ASSERT_EQ(last.segment->payload()[at], last.mark);
      bytes -= SegmentPool::footprint(*last.segment);
      pool.release(*last.segment);
    }
    ASSERT_EQ(pool.used_bytes(), bytes);
    ASSERT_GE(pool.mapped_bytes(), bytes);
  }
  for (const Held& rest : held) pool.release(*rest.segment);
}

TEST(SegmentPool, a_reference_keeps_the_segment) {
  SegmentPool pool;
  Segment* segment = pool.acquire(1, 100);
  {
    SegmentRef ref(pool, *segment);
    pool.release(*segment);
    EXPECT_NE(pool.used_bytes(), 0u);
    SegmentRef moved(std::move(ref));
  }
  EXPECT_EQ(pool.used_bytes(), 0u);
}

TEST(SizeClasses, random_changes_keep_every_channel_findable) {
  SizeClasses sizes;
  SeededRng rng(7);
  std::vector<ChannelLog> channels(200);
  for (int i = 0; i < 20'000; ++i) {
    ChannelLog& channel = channels[rng.below(channels.size())];
    const auto before = channel.memory;
    channel.memory = rng.below(4) == 0 ? 0 : rng.below(std::uint64_t{1} << rng.below(30)) + 1;
    sizes.update(channel, before);
    if (i % 100 != 0) continue;
    std::uint64_t largest = 0;
    std::map<unsigned, std::uint32_t> counts;
    for (const ChannelLog& one : channels) {
      largest = std::max(largest, one.memory);
      if (one.memory != 0) ++counts[one.size_class];
    }
    ASSERT_EQ(sizes.largest(), SizeClasses::class_of(largest));
    std::vector<unsigned> found;
    for (unsigned c = sizes.largest(); c != 0; c = sizes.next_below(c)) found.insert(found.begin(), c);
    ASSERT_TRUE(std::ranges::equal(found, counts | std::ranges::views::keys));
    for (const auto& [size_class, count] : counts) {
      ASSERT_EQ(sizes.count(size_class), count);
      std::set<ChannelLog*> seen;
      for (std::uint32_t k = 0; k < count; ++k) {
        seen.insert(sizes.first(size_class));
        sizes.rotate(size_class);
      }
      ASSERT_EQ(seen.size(), count);
    }
  }
}

TEST(SizeClasses, classes_follow_sizes) {
  EXPECT_EQ(SizeClasses::class_of(0), 0U);
  EXPECT_LT(SizeClasses::class_of(~std::uint64_t{0} >> 16), SizeClasses::kClasses);
  SeededRng rng(9);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t bytes = rng.below(std::uint64_t{1} << rng.below(40)) + 1;
    ASSERT_LE(SizeClasses::class_of(bytes), SizeClasses::class_of(bytes + 1));
    ASSERT_LT(SizeClasses::class_of(bytes), SizeClasses::class_of(bytes + bytes / 4 + 4)) << bytes;
  }
}

TEST(SizeClasses, the_fair_share_cuts_the_largest_until_all_fit) {
  SizeClasses sizes;
  std::vector<ChannelLog> channels(50);
  SeededRng rng(11);
  for (int round = 0; round < 2000; ++round) {
    std::uint64_t all = 0;
    for (ChannelLog& channel : channels) {
      const auto before = channel.memory;
      channel.memory = rng.below(3) == 0 ? 0 : rng.below(std::uint64_t{1} << rng.below(24)) + 1;
      sizes.update(channel, before);
      all += channel.memory;
    }
    ASSERT_EQ(sizes.bytes(), all);
    EXPECT_EQ(sizes.fair_share(all), ~std::uint64_t{0});
    const std::uint64_t bytes = rng.below(all + 1);
    const std::uint64_t share = sizes.fair_share(bytes);
    if (share == ~std::uint64_t{0}) continue;
    std::uint64_t cut = 0;
    for (const ChannelLog& channel : channels) cut += std::min(channel.memory, share);
    // Channels of the share's own class are taken as larger: the share is a quarter off at most.
    ASSERT_LE(cut, bytes);
    std::uint64_t cut_more = 0;
    for (const ChannelLog& channel : channels) cut_more += std::min(channel.memory, share + share / 3 + 8);
    ASSERT_GE(cut_more, bytes) << share;
  }
}

TEST(GlobalPlaces, places_survive_more_readers) {
  GlobalPlaces places;
  places.reserve(0);
  std::vector<std::uint32_t> blocks;
  for (Seq i = 0; i < 10; ++i) {
    blocks.push_back(places.acquire());
    places.at(blocks.back(), 0).next = i;
  }
  places.reserve(63);
  for (Seq i = 0; i < 10; ++i) EXPECT_EQ(places.at(blocks[i], 0).next, i);
  places.at(blocks[3], 63).next = 99;
  EXPECT_EQ(places.at(blocks[4], 0).next, 4u);
  places.release(blocks[3]);
  EXPECT_EQ(places.acquire(), blocks[3]);
}

TEST(NewsList, is_a_queue_that_does_not_grow_for_ever) {
  NewsList list;
  std::uint32_t in = 0;
  std::uint32_t out = 0;
  SeededRng rng(3);
  for (int i = 0; i < 100'000; ++i) {
    if (list.size() < 50 && rng.below(2) == 0) list.push(in++);
    if (!list.empty() && rng.below(2) == 0) {
      ASSERT_EQ(list.front(), out++);
      list.pop();
    }
    ASSERT_EQ(list.size(), in - out);
  }
}

TEST(SplitBudget, adds_up_and_leaves_nobody_without) {
  const ShareDemand idle{};
  const ShareDemand demands[] = {{900, 100}, {0, 0}, {1000, 0}};
  const auto shares = split_budget(1'000'000, demands);
  EXPECT_EQ(shares[0], shares[2]);
  EXPECT_EQ(shares[1], 1'000'000u / 4 / 3);
  EXPECT_LE(shares[0] + shares[1] + shares[2], 1'000'000u);
  EXPECT_GE(shares[0] + shares[1] + shares[2], 1'000'000u - 3);
  const ShareDemand nothing[] = {idle, idle};
  EXPECT_EQ(split_budget(1000, nothing)[1], 500u);
}

}  // namespace
}  // namespace sluice
