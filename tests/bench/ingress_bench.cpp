// What one line costs between the socket's bytes and its channel's segment: cut, parsed, token looked up, appended.
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "logplex/ingress/intake.hpp"
#include "logplex/model/decide/snapshot_editor.hpp"
#include "logplex/wire/frame_splitter.hpp"

namespace sluice {
namespace {

constexpr std::size_t kRead = 256 << 10;

/// One shard, made to turn by hand, and as many channels as asked for.
struct Bench {
  explicit Bench(unsigned channels) {
    SlotSequence slots;
    ChangedKeys changed;
    SeededRng rng(1);
    config = SnapshotEditor::empty(slots);
    for (unsigned i = 0; i < channels; ++i) {
      PutChannel channel;
      channel.id = "app-" + std::to_string(i);
      channel.tokens = {{"app", Uuid::random(rng), rng.next()}};
      tokens.push_back("t." + channel.tokens->front().value.str());
      const auto effects = decide(config, channel, {});
      SnapshotEditor editor(config, slots, changed);
      for (const auto& effect : effects->list) editor.apply(effect);
      fabric.shard(0).open_channel(config.channel(channel.id)->slot, channel.id);
    }
  }

  std::string frames(std::size_t text_size) const {
    std::string bytes;
    for (std::size_t i = 0; bytes.size() < kRead; ++i) {
      const std::string frame = "<190>1 2026-01-02T03:04:05.123456+00:00 host " + tokens[i * 7 % tokens.size()] +
                                " web.1 - - " + std::string(text_size, 'x');
      bytes += std::to_string(frame.size()) + " " + frame;
    }
    return bytes;
  }

  SystemClock clock;
  Runtime runtime{1, clock};
  ShardScope scope{runtime.shard(0)};
  Fabric fabric{runtime, {64_MiB, 1500, {}}, std::chrono::seconds(1), {1, 1}};
  ConfigSnapshot config;
  std::vector<std::string> tokens;
};

void take_in_frames(benchmark::State& state) {
  Bench bench(static_cast<unsigned>(state.range(0)));
  ConfigFeed feed(bench.runtime.shard(0), bench.config);
  ingress::Intake intake(bench.runtime.shard(0), feed, bench.fabric.shard(0));
  const std::string bytes = bench.frames(static_cast<std::size_t>(state.range(1)));
  FrameSplitter splitter(10240);
  for (auto step : state) {
    static_cast<void>(step);
    splitter.feed(bytes);
    std::vector<std::string_view> frames;
    while (splitter.next() == FrameSplitter::Step::kFrame) frames.push_back(splitter.frame());
    for (std::size_t i = 0; i < frames.size(); i += ingress::Intake::kTogether)
      intake.append_addressed(std::span(frames).subspan(i, std::min(ingress::Intake::kTogether, frames.size() - i)));
    bench.runtime.shard(0).turn();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(intake.counters().lines));
  state.SetBytesProcessed(static_cast<std::int64_t>(intake.counters().bytes));
}
BENCHMARK(take_in_frames)->Args({1, 120})->Args({1000, 120})->Args({1000, 2000})->ArgNames({"channels", "text"});

}  // namespace
}  // namespace sluice
