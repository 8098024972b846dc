#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "logplex/base/partition.hpp"
#include "logplex/channel/fabric.hpp"

// What a line costs in the fabric: into a local channel, out to one and ten readers, through a batch to another shard.
// "heap" is the number of heap operations per line in steady state; it must be 0.

namespace {

std::atomic<std::uint64_t> allocations{0};

}  // namespace

// Not inlined: g++ would take malloc for a mismatch with the operator it stands in.
[[gnu::noinline]] void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* at = std::malloc(size); at != nullptr) return at;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* at) noexcept { std::free(at); }
[[gnu::noinline]] void operator delete(void* at, std::size_t) noexcept { std::free(at); }

namespace sluice {
namespace {

constexpr std::uint32_t kChannels = 1000;
constexpr std::size_t kLinesPerTurn = 1000;

struct World {
  explicit World(std::uint32_t shards, Bytes budget = 48_MiB, std::uint64_t history = 100)
      : runtime(shards, clock),
        scope(runtime.shard(0)),
        fabric(runtime, {budget, history, {}}, std::chrono::seconds(1), {1, 1}) {
    line.time = "2026-11-22T20:00:00.123456+00:00";
    line.host = "d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc";
    line.source = "app";
    line.process = "web.1";
    line.text = text;
    line.received = clock.wall();
  }
  void open_all(std::uint32_t owner) {
    unsigned salt = 0;
    for (std::uint32_t slot = 0; slot < kChannels; ++slot) {
      std::string id;
      do id = "channel-" + std::to_string(salt++);
      while (fabric.shard(0).placement().owner_of_channel(id).shard != owner);
      for (std::uint32_t to = 0; to < runtime.size(); ++to) {
        ShardScope on(runtime.shard(to));
        fabric.shard(to).open_channel(ChannelSlot{slot}, id);
      }
    }
  }
  void append_turn() {
    for (std::size_t i = 0; i < kLinesPerTurn; ++i) {
      fabric.local().append(ChannelSlot{next}, line);
      next = (next + 379) % kChannels;
    }
  }

  SystemClock clock;
  Runtime runtime;
  ShardScope scope;
  Fabric fabric;
  const std::string text = std::string(160, 'x');
  LineView line;
  std::uint32_t next = 0;
};

/// Looks at each line as a renderer would begin to.
struct Summing final : LineVisitor {
  bool on_line(ChannelSlot, Seq, const RecordView& line) override {
    bytes += line.text().size();
    return true;
  }
  void on_loss(const Losses& losses) override { lost += losses.total(); }
  std::uint64_t bytes = 0;
  std::uint64_t lost = 0;
};

struct Taker final : Subscription {
  using Subscription::Subscription;
  void on_news() override { take(*visitor); }
  Summing* visitor = nullptr;
};

void report(benchmark::State& state, std::uint64_t allocated_before) {
  const auto lines = static_cast<double>(state.iterations()) * static_cast<double>(kLinesPerTurn);
  state.counters["heap"] = static_cast<double>(allocations - allocated_before) / lines;
  state.counters["ns_line"] =
      benchmark::Counter(lines * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void append_local(benchmark::State& state) {
  World world(1);
  world.open_all(0);
  for (int i = 0; i < 2000; ++i) {
    world.append_turn();
    world.runtime.shard(0).turn();
  }
  const std::uint64_t before = allocations;
  for (auto _ : state) {
    world.append_turn();
    world.runtime.shard(0).turn();
  }
  report(state, before);
}
BENCHMARK(append_local)->Unit(benchmark::kMicrosecond);

/// Lines into 1,000 channels, out to as many global readers as the argument says, each turn.
void append_and_take(benchmark::State& state) {
  World world(1);
  world.open_all(0);
  Summing visitor;
  std::vector<std::unique_ptr<Taker>> takers;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    auto& taker = *takers.emplace_back(std::make_unique<Taker>(world.fabric.local(), Retention::kUntaken));
    taker.visitor = &visitor;
    if (!taker.attach_all()) std::abort();
  }
  for (int i = 0; i < 2000; ++i) {
    world.append_turn();
    world.runtime.shard(0).turn();
  }
  const std::uint64_t before = allocations;
  for (auto _ : state) {
    world.append_turn();
    world.runtime.shard(0).turn();
  }
  report(state, before);
  if (visitor.lost != 0) state.SkipWithError("lines were lost");
}
BENCHMARK(append_and_take)->Arg(1)->Arg(10)->Unit(benchmark::kMicrosecond);

/// The same with readers of one busy channel each.
void append_and_take_one_channel(benchmark::State& state) {
  World world(1);
  world.open_all(0);
  Summing visitor;
  std::vector<std::unique_ptr<Taker>> takers;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    auto& taker = *takers.emplace_back(std::make_unique<Taker>(world.fabric.local(), Retention::kUntaken));
    taker.visitor = &visitor;
    if (!taker.attach(ChannelSlot{0})) std::abort();
  }
  const auto turn = [&] {
    for (std::size_t i = 0; i < kLinesPerTurn; ++i) world.fabric.local().append(ChannelSlot{0}, world.line);
    world.runtime.shard(0).turn();
  };
  for (int i = 0; i < 200; ++i) turn();
  const std::uint64_t before = allocations;
  for (auto _ : state) turn();
  report(state, before);
}
BENCHMARK(append_and_take_one_channel)->Arg(1)->Arg(10)->Unit(benchmark::kMicrosecond);

/// Lines that another shard owns: encoded into a batch, sent, copied into the segment, the batch sent back. Both shards
/// turn on this thread, so this is the cost of both.
void append_remote(benchmark::State& state) {
  World world(2);
  world.open_all(1);
  const auto turn = [&] {
    world.append_turn();
    world.runtime.shard(0).turn();
    world.runtime.shard(1).turn();
  };
  for (int i = 0; i < 2000; ++i) turn();
  const std::uint64_t before = allocations;
  for (auto _ : state) turn();
  report(state, before);
  if (world.fabric.local().lines_refused() != 0) state.SkipWithError("lines were refused");
}
BENCHMARK(append_remote)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sluice
