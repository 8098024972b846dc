// 100,000 channels are normal: what an entry costs, and that a change does not cost what there is.
#include <malloc.h>

#include <iostream>

#include <gtest/gtest.h>

#include "logplex/base/rng.hpp"
#include "logplex/model/decide/snapshot_editor.hpp"

namespace sluice {
namespace {

constexpr int kChannels = 100'000;
constexpr std::size_t kBytesPerChannel = 600;  // with its token

// Sanitizers keep freed blocks and shadow bytes: their allocators say nothing about ours.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMeasures = false;
#else
constexpr bool kMeasures = true;
#endif

std::size_t allocated_bytes() { return kMeasures ? mallinfo2().uordblks : 0; }

ConfigSnapshot with_channels(SlotSequence& slots, int count) {
  auto config = SnapshotEditor::empty(slots);
  ChangedKeys changed;
  SnapshotEditor editor(config, slots, changed);
  SeededRng rng(1);
  for (int i = 0; i < count; ++i) {
    const auto id = "app-" + Uuid::random(rng).str();
    editor.apply({EntryKind::kChannel, id, Channel{id, {}, {}, {}}});
    const Token token{Uuid::random(rng), rng.next(), "app", id, {}};
    editor.apply({EntryKind::kToken, key_of(token), token});
    changed = {};
  }
  return config;
}

TEST(Footprint, channel_with_token_costs_at_most_600_bytes_and_a_change_little) {
  SlotSequence slots;
  const auto empty = allocated_bytes();
  const auto config = with_channels(slots, kChannels);
  const auto each = (allocated_bytes() - empty) / kChannels;
  ASSERT_EQ(config.token_count(), std::size_t{kChannels});
  std::cout << "bytes per channel with token: " << each << "\n";
  RecordProperty("bytes_per_channel", static_cast<int>(each));
  EXPECT_LE(each, kBytesPerChannel);

  const auto before = allocated_bytes();
  auto next = config;
  ChangedKeys changed;
  SnapshotEditor editor(next, slots, changed);
  const Token token{Uuid{1, 1}, 1, "app", config.channels("", 1).items[0]->channel.id, {}};
  editor.apply({EntryKind::kToken, key_of(token), token});
  const auto cost = allocated_bytes() - before;
  std::cout << "bytes for a snapshot with one change: " << cost << "\n";
  EXPECT_LE(cost, 64U * 1024);
  EXPECT_EQ(config.token({1, 1}), nullptr);
  EXPECT_NE(next.token({1, 1}), nullptr);
}

}  // namespace
}  // namespace sluice
