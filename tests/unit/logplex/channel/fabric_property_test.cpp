#include <atomic>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "logplex/runtime/cross.hpp"
#include "tests/unit/logplex/channel/checked_reader.hpp"

// Random appends from all shards, readers of every kind, gaps, evictions, closes and time: each number of each channel
// is delivered once and in order to each reader, or counted as lost for it.

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kChannels = 9;

/// What one shard does: senders and readers that live on it.
class Actor {
 public:
  Actor(Fabric& fabric, std::uint32_t shard, std::uint64_t seed) : fabric_(fabric), id_(shard), rng_(seed) {}

  FabricShard& local() { return fabric_.shard(id_); }

  void append_some(std::array<std::atomic<std::uint64_t>, kChannels>& appended) {
    const std::uint32_t channel = any_channel();
    const std::uint64_t lines = rng_.below(rng_.below(20) == 0 ? 2000 : 30);
    for (std::uint64_t i = 0; i < lines; ++i) append(channel);
    appended[channel] += lines;
  }
  void append_gap(std::array<std::atomic<std::uint64_t>, kChannels>& appended) {
    const std::uint32_t channel = any_channel();
    const std::uint64_t lines = rng_.below(50);
    local().append_gap(ChannelSlot{channel}, lines, LossReason::kRate);
    appended[channel] += lines;
  }
  void add_reader() {
    if (readers_.size() >= 12) return;
    const auto retention = rng_.below(2) == 0 ? Retention::kNothing : Retention::kUntaken;
    auto reader = std::make_unique<CheckedReader>(local(), retention, truth_);
    const ChannelSlot channel{any_channel()};
    if (rng_.below(3) == 0)
      reader->begin_all();
    else if (local().is_open(channel) && local().owner_of(channel) == id_)
      reader->begin(channel);
    else
      return;
    readers_.push_back(std::move(reader));
  }
  void use_reader() {
    if (readers_.empty()) return;
    const std::size_t which = rng_.below(readers_.size());
    CheckedReader& reader = *readers_[which];
    switch (rng_.below(10)) {
      case 0:
        readers_.erase(readers_.begin() + static_cast<std::ptrdiff_t>(which));
        break;
      case 1:
        jump(reader);
        break;
      case 2:
        reader.take_some(~std::uint64_t{0}, {});
        break;
      case 3:
        reader.take_some(rng_.below(100), {});
        break;
      case 4:
        reader.take_some(~std::uint64_t{0}, {rng_.below(1000), rng_.below(100'000)});
        break;
      default:
        reader.take_some(rng_.below(5000), {});
        break;
    }
  }
  void check() const {
    for (const auto& reader : readers_) reader->check();
  }
  void finish(std::uint64_t& taken, std::uint64_t& lost) {
    for (const auto& reader : readers_) {
      reader->check_all_taken();
      taken += reader->taken();
      lost += reader->lost().total();
    }
    truth_.expect_senders_in_order();
    readers_.clear();
  }
  SeededRng& rng() { return rng_; }

 private:
  std::uint32_t any_channel() {
    // The first two take most of it, so that they grow large.
    return static_cast<std::uint32_t>(rng_.below(2) == 0 ? rng_.below(2) : rng_.below(kChannels));
  }
  void append(std::uint32_t channel) {
    std::string text = std::to_string(id_) + ":" + std::to_string(++counts_[channel]);
    text.append(rng_.below(rng_.below(50) == 0 ? 5000 : 120), ' ');
    LineView line;
    line.received = fabric_.runtime().shard(id_).wall_now();
    line.source = "app";
    line.text = text;
    local().append(ChannelSlot{channel}, line);
  }
  void jump(CheckedReader& reader) {
    if (reader.global() || !reader.attached()) return;
    const Seq end = reader.end();
    const Seq start = fabric_.identity().first_seq();
    reader.jump(rng_.below(8) == 0 ? 0 : start + rng_.below(end - start + 5));
    reader.check();
  }

  Fabric& fabric_;
  const std::uint32_t id_;
  SeededRng rng_;
  Truth truth_;
  std::vector<std::unique_ptr<CheckedReader>> readers_;
  std::array<std::uint64_t, kChannels> counts_{};
};

/// What each channel must have numbered at the end, given that it was never closed.
void expect_every_line_numbered(FabricShard& fabric, std::uint32_t shard, Seq first,
                                const std::array<std::atomic<std::uint64_t>, kChannels>& appended,
                                std::uint32_t closable) {
  for (std::uint32_t channel = 0; channel < kChannels; ++channel) {
    const ChannelSlot slot{channel};
    if (channel == closable || fabric.owner_of(slot) != shard) continue;
    Reader reader(fabric, Retention::kNothing);
    ASSERT_TRUE(reader.attach(slot));
    ASSERT_EQ(reader.end() - first, appended[channel]) << "channel " << channel;
  }
}

/// What the random runs must have met, or they prove nothing.
struct Met {
  std::uint64_t evicted = 0;
  std::uint64_t trimmed = 0;
  std::uint64_t refused = 0;
  std::uint64_t unrouted = 0;
  std::uint64_t taken = 0;
  std::uint64_t lost = 0;

  void add(const FabricGauges& gauges) {
    evicted += gauges.lines_evicted[static_cast<std::size_t>(LossReason::kMemoryBudget)];
    trimmed += gauges.lines_evicted[static_cast<std::size_t>(LossReason::kRetention)];
    refused += gauges.lines_refused;
    unrouted += gauges.lines_unrouted;
  }
};

void run_by_hand(std::uint64_t seed, Met& met) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  SeededRng rng(seed);
  const auto shards = static_cast<std::uint32_t>(1 + rng.below(3));
  HandDriven world(shards, Bytes{(1 + rng.below(3)) << 20}, rng.below(3) == 0 ? 0 : rng.below(600));
  std::vector<ChannelSlot> slots;
  for (std::uint32_t i = 0; i < kChannels; ++i) slots.push_back(world.open(i % shards));
  std::vector<std::unique_ptr<Actor>> actors;
  for (std::uint32_t id = 0; id < shards; ++id) actors.push_back(std::make_unique<Actor>(world.fabric, id, rng.next()));
  std::array<std::atomic<std::uint64_t>, kChannels> appended{};
  const std::uint32_t closable = kChannels - 1;
  for (int step = 0; step < 300 && !testing::Test::HasFailure(); ++step) {
    const auto at = static_cast<std::uint32_t>(rng.below(shards));
    ShardScope on(world.runtime.shard(at));
    Actor& actor = *actors[at];
    switch (rng.below(16)) {
      case 0:
        actor.append_gap(appended);
        break;
      case 1:
      case 2:
        actor.add_reader();
        break;
      case 3:
        world.clock.advance(milliseconds(rng.below(1500)));
        break;
      case 4:
        if (rng.below(4) == 0) world.close(slots[closable]);
        break;
      case 5:
        for (std::uint32_t id = 0; id < shards; ++id) {
          ShardScope there(world.runtime.shard(id));
          world.fabric.shard(id).open_channel(slots[closable], id_on(closable % shards, shards, closable));
        }
        break;
      case 6:
      case 7:
      case 8:
        actor.use_reader();
        break;
      case 9:
      case 10:
      case 11:
        world.runtime.shard(at).turn();
        break;
      default:
        actor.append_some(appended);
        break;
    }
    actor.check();
  }
  for (int i = 0; i < 60; ++i) world.pass(milliseconds(5));
  for (std::uint32_t id = 0; id < shards; ++id) {
    ShardScope on(world.runtime.shard(id));
    expect_every_line_numbered(world.fabric.shard(id), id, world.first(), appended, closable);
    actors[id]->finish(met.taken, met.lost);
    met.add(world.fabric.shard(id).gauges());
    ASSERT_LE(world.fabric.shard(id).gauges().bytes_used, 3u << 20);
  }
}

TEST(FabricProperty, every_number_is_delivered_once_in_order_or_counted_as_lost) {
  Met met;
  for (std::uint64_t seed = 1; seed <= 120 && !HasFailure(); ++seed) run_by_hand(seed, met);
  EXPECT_GT(met.evicted, 10'000u);
  EXPECT_GT(met.trimmed, 10'000u);
  EXPECT_GT(met.refused, 1000u);
  EXPECT_GT(met.unrouted, 100u);
  EXPECT_GT(met.taken, 10'000u);
  EXPECT_GT(met.lost, 10'000u);
}

struct Threads {
  std::atomic<std::uint32_t> driving{0};
  std::atomic<std::uint32_t> settling{0};
  std::atomic<bool> check_now{false};
  std::atomic<std::uint32_t> checked{0};
  std::array<std::atomic<std::uint64_t>, kChannels> appended{};
};

Task<void> change_channel(Fabric& fabric, std::string id, bool open) {
  for (std::uint32_t to = 0; to < fabric.runtime().size(); ++to) {
    auto change = [&fabric, to, id, open] {
      const ChannelSlot slot{kChannels - 1};
      if (open)
        fabric.shard(to).open_channel(slot, id);
      else
        fabric.shard(to).close_channel(slot);
      return true;
    };
    co_await call_on(to, std::move(change));
  }
}

Task<void> drive(Fabric& fabric, Actor& actor, Threads& state, std::string closable_id, int steps) {
  SeededRng& rng = actor.rng();
  for (int step = 0; step < steps; ++step) {
    const auto what = rng.below(16);
    if (what < 6) actor.append_some(state.appended);
    if (what == 6) actor.append_gap(state.appended);
    if (what == 7) actor.add_reader();
    if (what >= 8 && what < 12) actor.use_reader();
    if (what == 12) co_await change_channel(fabric, closable_id, rng.below(3) != 0);
    if (what == 13) co_await sleep_for(milliseconds(rng.below(3)));
    actor.check();
    co_await asio::post(Shard::current().executor(), use_task);
  }
  --state.driving;
  while (state.driving != 0) co_await sleep_for(milliseconds(1));
  co_await sleep_for(milliseconds(20));
  auto settled = co_await fabric.local().settled();
  EXPECT_TRUE(settled);
  --state.settling;
  while (state.settling != 0) co_await sleep_for(milliseconds(1));
  std::uint64_t taken = 0;
  std::uint64_t lost = 0;
  actor.finish(taken, lost);
  expect_every_line_numbered(fabric.local(), Shard::current().id(), fabric.identity().first_seq(), state.appended,
                             kChannels - 1);
  ++state.checked;
}

void run_with_threads(std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  constexpr std::uint32_t kShards = 3;
  SystemClock clock;
  Runtime runtime(kShards, clock);
  Fabric fabric(runtime, {2_MiB, 200, {}}, milliseconds(100), {seed, 1});
  std::vector<std::unique_ptr<Actor>> actors;
  Threads state;
  state.driving = state.settling = kShards;
  std::vector<std::string> ids;
  for (std::uint32_t i = 0; i < kChannels; ++i) ids.push_back(id_on(i % kShards, kShards, i));
  for (std::uint32_t id = 0; id < kShards; ++id) {
    ShardScope on(runtime.shard(id));
    fabric.shard(id).start();
    for (std::uint32_t i = 0; i < kChannels; ++i) fabric.shard(id).open_channel(ChannelSlot{i}, ids[i]);
    actors.push_back(std::make_unique<Actor>(fabric, id, seed * 100 + id));
    asio::co_spawn(runtime.shard(id).executor(), drive(fabric, *actors[id], state, ids.back(), 400), asio::detached);
  }
  runtime.start();
  const auto give_up = std::chrono::steady_clock::now() + seconds(60);
  while (state.checked != kShards && std::chrono::steady_clock::now() < give_up)
    std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(state.checked, kShards);
  runtime.stop();
  runtime.join();
}

TEST(FabricProperty, the_same_with_threads) {
  for (std::uint64_t seed = 1; seed <= 12 && !HasFailure(); ++seed) run_with_threads(seed);
}

}  // namespace
}  // namespace sluice
