// What reading and changing a configuration of 100,000 channels costs, and changes per second through the whole store.
#include <atomic>
#include <filesystem>
#include <semaphore>

#include <benchmark/benchmark.h>
#include <boost/asio/post.hpp>

#include "logplex/model/decide/snapshot_editor.hpp"
#include "logplex/runtime/gate.hpp"
#include "logplex/store/sqlite/store_core.hpp"

namespace sluice {
namespace {

constexpr int kEntries = 100'000;

std::string channel_id(int i) { return "app-" + std::to_string(i) + "-0123456789abcdef0123456789abcdef"; }

std::vector<Effect> many_entries() {
  std::vector<Effect> out;
  for (int i = 0; i < kEntries; ++i) {
    const auto id = channel_id(i);
    const Token token{{1, static_cast<std::uint64_t>(i)}, 1, "app", id, {}};
    out.push_back({EntryKind::kChannel, id, Channel{id, {}, {}, {}}});
    out.push_back({EntryKind::kToken, key_of(token), token});
    out.push_back({EntryKind::kApp, id, App{id, {"host-" + std::to_string(i) + ".example.com"}, {}, {}, {}}});
  }
  return out;
}

struct Filled {
  SlotSequence slots;
  ConfigSnapshot config = SnapshotEditor::empty(slots);
  Filled() {
    ChangedKeys changed;
    SnapshotEditor editor(config, slots, changed);
    for (const auto& effect : many_entries()) editor.apply(effect);
  }
};

Filled& filled() {
  static Filled one;
  return one;
}

void token_lookup(benchmark::State& state) {
  const auto& config = filled().config;
  std::uint64_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(config.token({1, (i += 7919) % kEntries}));
}
BENCHMARK(token_lookup);

void host_lookup(benchmark::State& state) {
  const auto& config = filled().config;
  std::vector<std::string> hosts;
  for (int i = 0; i < 1024; ++i) hosts.push_back("host-" + std::to_string(i * 97) + ".example.com");
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(config.app_by_host(hosts[++i & 1023]));
}
BENCHMARK(host_lookup);

void next_snapshot_with_one_change(benchmark::State& state) {
  auto& all = filled();
  std::uint64_t i = 0;
  for (auto _ : state) {
    auto next = all.config;
    ChangedKeys changed;
    SnapshotEditor editor(next, all.slots, changed);
    const Token token{{2, ++i}, i, "app", channel_id(static_cast<int>(i % kEntries)), {}};
    editor.apply({EntryKind::kToken, key_of(token), token});
    benchmark::DoNotOptimize(next);
  }
}
BENCHMARK(next_snapshot_with_one_change);

class BenchDirectory {
 public:
  BenchDirectory() : path_(std::filesystem::current_path() / "sluice-config-bench") {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directory(path_);
  }
  ~BenchDirectory() { std::filesystem::remove_all(path_); }
  std::string file() const { return path_ / "config.db"; }
  std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Writers {
  Store& store;
  std::atomic<std::int64_t> left;
  std::atomic<int> running;
  std::binary_semaphore done{0};
};

Task<void> write_changes(Writers& all, int writer) {
  for (int i = 0; all.left.fetch_sub(1) > 0; ++i) {
    Change change =
        PutApp{channel_id(writer), {"w" + std::to_string(writer) + "-" + std::to_string(i) + ".com"}, {}, {}};
    auto outcome = co_await all.store.apply(std::move(change));
    if (outcome.has_error()) std::abort();
  }
  if (all.running.fetch_sub(1) == 1) all.done.release();
}

/// Items per second is what counts: 32 writers, two shards, every change synced to disk and shown to both.
void store_changes(benchmark::State& state) {
  const BenchDirectory directory;
  {
    auto table = EntryTable::open(directory.file()).value();
    if (table.commit(many_entries(), {}).has_error()) state.SkipWithError("cannot fill the store");
  }
  SystemClock clock;
  Runtime runtime(2, clock);
  StoreSettings settings;
  settings.url = Secret("embedded:");
  auto store = open_store(settings, directory.path(), {}, clock).value();
  store->start(runtime);
  Gate gates[2] = {{runtime.shard(0), "bench"}, {runtime.shard(1), "bench"}};
  runtime.start();
  for (auto _ : state) {
    Writers writers{*store, {state.range(0)}, {32}};
    for (int writer = 0; writer < 32; ++writer)
      asio::post(runtime.shard(static_cast<std::uint32_t>(writer) % 2).io(),
                 [&, writer] { gates[writer % 2].spawn(write_changes(writers, writer)); });
    writers.done.acquire();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  runtime.stop();
  runtime.join();
  store.reset();
}
BENCHMARK(store_changes)->Arg(5000)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);

void open_store_with_100000_apps(benchmark::State& state) {
  const BenchDirectory directory;
  {
    auto table = EntryTable::open(directory.file()).value();
    if (table.commit(many_entries(), {}).has_error()) state.SkipWithError("cannot fill the store");
  }
  for (auto _ : state) benchmark::DoNotOptimize(StoreCore::open(directory.file(), {}).has_value());
}
BENCHMARK(open_store_with_100000_apps)->Unit(benchmark::kMillisecond)->Iterations(2);

}  // namespace
}  // namespace sluice
