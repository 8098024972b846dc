#include "drains/drain_set.hpp"

#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "logplex/base/metrics.hpp"
#include "logplex/model/decide/snapshot_editor.hpp"
#include "tests/support/moving_placement.hpp"
#include "tests/unit/drains/drain_fixture.hpp"

namespace sluice::drains {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t kShards = 2;

struct TestReader final : Subscription {
  using Subscription::Subscription;
  void on_news() override {}
};

/// Two shards with a set each, and a configuration that the test changes.
class DrainSetTest : public testing::Test {
 protected:
  struct Parts {
    Parts(Shard& shard, DrainSetTest& test)
        : dialer(shard, test.resolver, test.guard),
          set({shard, dialer, test.settings, DrainWorld::default_tls(), test.tls_lane, "Logplex/test"},
              test.fabric.shard(shard.id())) {}
    Dialer dialer;
    DrainSet set;
  };

  DrainSetTest() {
    shards.start();
    each_shard([this](std::uint32_t id) {
      fabric.shard(id).start();
      parts[id] = std::make_unique<Parts>(shards.runtime.shard(id), *this);
    });
  }
  ~DrainSetTest() override {
    each_shard([this](std::uint32_t id) { parts[id]->set.cancel(); });
    for (std::uint32_t id = 0; id < kShards; ++id) shards.await(id, parts[id]->set.stopped());
    each_shard([this](std::uint32_t id) { parts[id].reset(); });
    shards.stop();
  }

  template <class F>
  void each_shard(F f) {
    for (std::uint32_t id = 0; id < kShards; ++id) shards.on(id, [&] { f(id); });
  }

  Applied apply(const Change& change) {
    const Effects effects = decide(config, change, {}).value();
    ChangedKeys changed;
    SnapshotEditor editor(config, slots, changed);
    editor.set_revision(config.revision() + 1);
    for (const Effect& effect : effects.list) editor.apply(effect);
    each_shard([&](std::uint32_t id) {
      for (const auto& channel : changed.channels) fabric.shard(id).open_channel(channel.slot, channel.id);
      parts[id]->set.on_config(config, changed);
    });
    return effects.applied;
  }

  /// A new channel that this shard owns.
  ChannelSlot channel_on(std::uint32_t shard) {
    for (;;) {
      const std::string id = "channel-" + std::to_string(++number);
      if (fabric.shard(0).placement().owner_of_channel(id).shard != shard) continue;
      apply(PutChannel{id, {}, {}, {}});
      return config.channel(id)->slot;
    }
  }
  /// Every shard learns that the channel has another owner.
  void move(ChannelSlot channel, const std::string& id, Owner to) {
    each_shard([&](std::uint32_t shard) {
      placements.of(shard).move(config.channel(id)->partition, to);
      fabric.shard(shard).open_channel(channel, id);
      ChangedKeys all;
      all.everything = true;
      parts[shard]->set.on_config(config, all);
    });
  }
  std::string last_channel() const { return "channel-" + std::to_string(number); }
  std::uint64_t create(Drain drain) { return apply(CreateDrain{std::move(drain)}).drain_id; }
  void append(std::uint32_t from, ChannelSlot channel, const std::string& text) {
    shards.on(from, [&] { fabric.shard(from).append(channel, line_of(text)); });
  }
  /// The sum over shards; each part must add up by itself.
  Ledger ledger(std::uint64_t drain) {
    Ledger sum;
    each_shard([&](std::uint32_t id) {
      const auto part = parts[id]->set.ledger(drain);
      if (!part) return;
      EXPECT_EQ(part->offered, part->filtered + part->delivered + part->dropped_total() + part->pending_lines);
      sum.add(*part);
    });
    return sum;
  }

  const DrainSettings settings = default_settings();
  RunningShards shards{kShards};
  Resolver resolver;
  AddressGuard guard = AddressGuard::parse({"127.0.0.1"}).value();
  Lane tls_lane{"tls", 1, 16};
  MovingPlacements placements;
  Fabric fabric{
      shards.runtime, {64_MiB, 1500, {}}, std::chrono::seconds(1), {0x1234, 3}, FabricSeams{placements.make()}};
  std::unique_ptr<Parts> parts[kShards];
  SlotSequence slots;
  ConfigSnapshot config = SnapshotEditor::empty(slots);
  int number = 0;
};

TEST_F(DrainSetTest, global_drain_gets_the_lines_of_every_shard) {
  RawListener listener;
  const ChannelSlot first = channel_on(0);
  const ChannelSlot second = channel_on(1);
  Drain global = drain_to(url_of(listener, "syslog"));
  global.channel.clear();
  const std::uint64_t id = create(global);
  append(0, first, "of the first");
  append(0, second, "of the second");
  RawClient one = listener.accept();
  RawClient two = listener.accept();
  const std::string got = one.read_until("\n") + two.read_until("\n");
  EXPECT_THAT(got, HasSubstr("of the first"));
  EXPECT_THAT(got, HasSubstr("of the second"));
  EXPECT_TRUE(eventually([&] { return ledger(id).delivered == 2; }));
  EXPECT_EQ(ledger(id).offered, 2u);
}

TEST_F(DrainSetTest, a_drain_follows_its_channel_to_another_owner) {
  RawListener listener;
  const ChannelSlot channel = channel_on(0);
  const std::string id = last_channel();
  Drain drain = drain_to(url_of(listener, "syslog"));
  drain.channel = id;
  const std::uint64_t number = create(drain);
  const auto parts_of_drain = [&] {
    std::string on;
    each_shard([&](std::uint32_t shard) {
      if (parts[shard]->set.ledger(number)) on += std::to_string(shard);
    });
    return on;
  };
  EXPECT_EQ(parts_of_drain(), "0");
  move(channel, id, {9, 0});
  EXPECT_EQ(parts_of_drain(), "");
  move(channel, id, {Owner::kThisNode, 1});
  EXPECT_EQ(parts_of_drain(), "1");
  each_shard([&](std::uint32_t shard) { EXPECT_EQ(parts[shard]->set.channel_name(channel), shard == 1 ? id : ""); });
  append(0, channel, "at the new owner");
  EXPECT_THAT(listener.accept().read_until("\n"), HasSubstr("at the new owner"));
}

/// Global drains with a filter each, so that none shares its frames, and one that is gone again.
TEST_F(DrainSetTest, as_many_global_drains_run_as_there_are_places_for_readers) {
  const auto create_one = [&](int n) {
    Drain drain = drain_to("http://127.0.0.1:9/" + std::to_string(n));
    drain.channel.clear();
    drain.filter = "text~number" + std::to_string(n);
    drain.paused = true;
    return create(drain);
  };
  std::vector<std::uint64_t> drains;
  for (int n = 0; n < 64; ++n) drains.push_back(create_one(n));
  const ChannelSlot channel = channel_on(0);
  append(0, channel, "a line");
  for (const std::uint64_t id : drains)
    EXPECT_TRUE(eventually([&] { return ledger(id).offered == 1; })) << id << ": " << ledger(id).last_error;
}

TEST_F(DrainSetTest, a_drain_that_found_no_place_runs_when_there_is_one) {
  RawListener listener;
  Drain global = drain_to(url_of(listener, "syslog"));
  global.channel.clear();
  global.paused = true;
  std::vector<std::unique_ptr<TestReader>> readers;
  shards.on(0, [&] {
    for (unsigned n = 0; n < ShardLog::kGlobalReaders; ++n) {
      readers.push_back(std::make_unique<TestReader>(fabric.shard(0), Retention::kNothing));
      EXPECT_TRUE(readers.back()->attach_all());
    }
  });
  const std::uint64_t id = create(global);
  const ChannelSlot channel = channel_on(0);
  append(0, channel, "not offered");
  EXPECT_THAT(ledger(id).last_error, HasSubstr("this shard already has 64 global drains"));
  shards.on(0, [&] { readers.clear(); });
  EXPECT_TRUE(eventually([&] { return ledger(id).last_error.empty(); }));
  append(0, channel, "offered");
  EXPECT_TRUE(eventually([&] { return ledger(id).offered == 1; }));
}

/// Two lines of a channel from before this run, owed to these drains from the given line on.
OwedLines two_lines(const std::string& channel, std::vector<std::pair<Uuid, Seq>> drains) {
  OwedLines owed;
  owed.channel = channel;
  owed.first = Seq{2} << kEpochShift;
  owed.lines = 2;
  const std::size_t size = record_size(line_of("line 0"));
  owed.bytes = std::make_unique<std::byte[]>(2 * size);
  encode_record(line_of("line 0"), owed.bytes.get());
  encode_record(line_of("line 1"), owed.bytes.get() + size);
  owed.records.emplace_back(owed.bytes.get(), 2 * size);
  for (const auto& [drain, line] : drains) owed.cursors.push_back({drain, owed.first + line, 0, {}});
  return owed;
}

TEST_F(DrainSetTest, expected_lines_go_to_the_drains_that_there_still_are) {
  constexpr Uuid kDeleted{1, 2};
  RawListener listener;
  const ChannelSlot channel = channel_on(0);
  const std::string id = "channel-" + std::to_string(number);
  const ChannelSlot forgotten = channel_on(0);
  const std::string forgotten_id = "channel-" + std::to_string(number);
  shards.on(0, [&] {
    std::vector<OwedLines> expected;
    expected.push_back(two_lines(id, {{kDeleted, 0}, {kDrainUuid, 1}}));
    expected.push_back(two_lines(forgotten_id, {{kDeleted, 0}, {kDrainUuid, 0}}));
    expected.push_back(two_lines("deleted", {{kDrainUuid, 0}}));
    parts[0]->set.expect(std::move(expected));
  });
  Drain drain = drain_to(url_of(listener, "syslog"));
  drain.channel = id;
  const std::uint64_t drain_id = create(drain);
  const FabricGauges gauges = shards.on(0, [&] { return fabric.shard(0).gauges(); });
  EXPECT_EQ(gauges.lines_restored, 2u) << "of one channel: in the other one it is not this drain's";
  append(0, channel, "new");
  append(0, forgotten, "new too");
  RawClient peer = listener.accept();
  const std::string got = peer.read_until(" new");
  EXPECT_THAT(got, testing::Not(HasSubstr("line 0")));
  EXPECT_THAT(got, HasSubstr("line 1"));
  EXPECT_TRUE(eventually([&] { return ledger(drain_id).delivered == 2; }));
  EXPECT_EQ(ledger(drain_id).offered, 2u);
  EXPECT_TRUE(shards.on(0, [&] { return parts[0]->set.take_owed().empty(); }));
}

TEST_F(DrainSetTest, without_a_configuration_expected_lines_stay_owed) {
  shards.on(0, [&] {
    std::vector<OwedLines> expected;
    expected.push_back(two_lines("later", {{kDrainUuid, 0}}));
    parts[0]->set.expect(std::move(expected));
    ChangedKeys everything;
    everything.everything = true;
    parts[0]->set.on_config(config, everything);
    EXPECT_EQ(parts[0]->set.take_owed().size(), 1u);
  });
}

TEST_F(DrainSetTest, channel_drain_runs_on_the_owner_only) {
  RawListener listener;
  const ChannelSlot channel = channel_on(1);
  Drain drain = drain_to(url_of(listener, "syslog"));
  drain.channel = "channel-" + std::to_string(number);
  const std::uint64_t id = create(drain);
  EXPECT_FALSE(shards.on(0, [&] { return parts[0]->set.ledger(id); }));
  EXPECT_TRUE(shards.on(1, [&] { return parts[1]->set.ledger(id); }));
  append(0, channel, "from the other shard");
  RawClient peer = listener.accept();
  EXPECT_THAT(peer.read_until("\n"), HasSubstr("from the other shard"));
}

/// A node is told to stop, and its drains send what they have; meanwhile another node deletes one of them.
TEST_F(DrainSetTest, a_drain_may_be_deleted_while_the_set_flushes) {
  RawListener listener;
  const ChannelSlot channel = channel_on(0);
  Drain drain = drain_to(url_of(listener, "http"));
  drain.channel = "channel-" + std::to_string(number);
  Drain other = drain;
  other.token = Uuid{3, 4};
  other.url = Secret(url_of(listener, "http", "/other"));
  const std::uint64_t id = create(drain);
  const std::uint64_t other_id = create(other);
  append(0, channel, "waits for an answer");
  RawClient peer = listener.accept();
  RawClient other_peer = listener.accept();
  EXPECT_THAT(peer.read_until("answer"), HasSubstr("waits"));
  EXPECT_THAT(other_peer.read_until("answer"), HasSubstr("waits"));
  std::atomic<bool> flushed{false};
  Gate gate(shards.runtime.shard(0), "flush");
  const auto flush = [](DrainSet& set, std::atomic<bool>& done) -> Task<void> {
    co_await set.flushed();
    done = true;
  };
  shards.on(0, [&] {
    parts[0]->set.flush();
    gate.spawn(flush(parts[0]->set, flushed));
  });
  apply(DeleteDrain{drain.channel, id});
  apply(DeleteDrain{drain.channel, other_id});
  EXPECT_TRUE(eventually([&] { return flushed.load(); }));
  shards.await(0, gate.stopped());
}

TEST_F(DrainSetTest, deleted_drain_ends_and_stays_in_the_sums) {
  RawListener listener;
  const ChannelSlot channel = channel_on(0);
  Drain drain = drain_to(url_of(listener, "syslog"));
  drain.channel = "channel-" + std::to_string(number);
  const std::uint64_t id = create(drain);
  append(0, channel, "one");
  RawClient peer = listener.accept();
  EXPECT_TRUE(eventually([&] { return ledger(id).delivered == 1; }));
  apply(SetDrainPaused{drain.channel, id, true});
  EXPECT_EQ(ledger(id).state, DrainState::kPaused);
  append(0, channel, "two");
  apply(DeleteDrain{drain.channel, id});
  EXPECT_EQ(ledger(id).offered, 0u);
  EXPECT_THAT(peer.read_all(), HasSubstr("one\n"));
  MetricsPage page;
  shards.on(0, [&] { parts[0]->set.add_metrics(page, 0); });
  EXPECT_THAT(page.text(), HasSubstr("sluice_drain_lines_offered_total 2\n"));
  EXPECT_THAT(page.text(), HasSubstr("sluice_drain_lines_delivered_total 1\n"));
  EXPECT_THAT(page.text(), HasSubstr("sluice_drain_lines_dropped_total{reason=\"skipped\"} 1\n"));
}

TEST_F(DrainSetTest, flushes_every_drain) {
  RawListener listener;
  const ChannelSlot first = channel_on(0);
  const ChannelSlot second = channel_on(1);
  Drain global = drain_to(url_of(listener, "syslog"));
  global.channel.clear();
  const std::uint64_t id = create(global);
  append(0, first, "x");
  append(1, second, "y");
  each_shard([this](std::uint32_t shard) { parts[shard]->set.flush(); });
  for (std::uint32_t shard = 0; shard < kShards; ++shard) shards.await(shard, parts[shard]->set.flushed());
  EXPECT_EQ(ledger(id).delivered, 2u);
}

}  // namespace
}  // namespace sluice::drains
