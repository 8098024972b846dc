// What one line costs on its way through logplex/wire. Lines of 200 bytes, 1,000 tokens, as in syslog traffic.
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "logplex/base/rng.hpp"
#include "logplex/wire/filter.hpp"
#include "logplex/wire/frame_splitter.hpp"
#include "logplex/wire/notice.hpp"
#include "logplex/wire/render.hpp"
#include "logplex/wire/syslog_parse.hpp"
#include "logplex/wire/timestamp.hpp"

namespace sluice {
namespace {

constexpr std::size_t kLines = 1000;
constexpr std::string_view kDrain = "d.6ba7b810-9dad-41d1-80b4-00c04fd430c8";

std::vector<std::string> messages() {
  SeededRng rng(1);
  std::vector<std::string> all;
  for (std::size_t i = 0; i < kLines; ++i) {
    std::string message = "<158>1 2026-01-02T03:04:05.678901+00:00 host t." + Uuid::random(rng).str() + " web.1 - - ";
    message += "at=info method=GET path=\"/\" status=200 service=18ms ";
    message.append(199 - message.size(), 'x');
    all.push_back(message + "\n");
  }
  return all;
}

std::string stream() {
  std::string all;
  for (const std::string& message : messages()) all += std::to_string(message.size()) + " " + message;
  return all;
}

void per_line(benchmark::State& state) {
  state.counters["line"] = benchmark::Counter(static_cast<double>(state.iterations()) * kLines,
                                              benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void BM_split(benchmark::State& state) {
  const std::string bytes = stream();
  for (auto _ : state) {
    FrameSplitter splitter(10240);
    splitter.feed(bytes);
    while (splitter.next() == FrameSplitter::Step::kFrame) benchmark::DoNotOptimize(splitter.frame().data());
  }
  per_line(state);
}
BENCHMARK(BM_split);

void BM_parse(benchmark::State& state) {
  const auto all = messages();
  for (auto _ : state)
    for (const std::string& message : all) benchmark::DoNotOptimize(parse_syslog(message));
  per_line(state);
}
BENCHMARK(BM_parse);

void BM_split_parse_token(benchmark::State& state) {
  const std::string bytes = stream();
  for (auto _ : state) {
    FrameSplitter splitter(10240);
    splitter.feed(bytes);
    while (splitter.next() == FrameSplitter::Step::kFrame) {
      const auto line = parse_syslog(splitter.frame());
      benchmark::DoNotOptimize(parse_token(line->source));
    }
  }
  per_line(state);
}
BENCHMARK(BM_split_parse_token);

void BM_encode(benchmark::State& state) {
  const auto all = messages();
  std::vector<LineView> lines;
  for (const std::string& message : all) lines.push_back(*parse_syslog(message));
  std::vector<std::uint64_t> out(1024);
  for (auto _ : state) {
    for (const LineView& line : lines) {
      benchmark::DoNotOptimize(record_size(line));
      encode_record(line, reinterpret_cast<std::byte*>(out.data()));
      benchmark::ClobberMemory();
    }
  }
  per_line(state);
}
BENCHMARK(BM_encode);

std::vector<OwnedRecord> records() {
  std::vector<OwnedRecord> all;
  for (const std::string& message : messages()) all.emplace_back(*parse_syslog(message));
  return all;
}

template <class Render>
void render(benchmark::State& state, Render one) {
  const auto all = records();
  std::string out(kLines * 600, '\0');
  for (auto _ : state) {
    char* at = out.data();
    for (const OwnedRecord& record : all) at = one(record.view(), at);
    benchmark::DoNotOptimize(at);
  }
  per_line(state);
}

void BM_http_frame(benchmark::State& state) {
  render(state, [](const RecordView& record, char* out) {
    benchmark::DoNotOptimize(http_frame_size(record));
    return write_http_frame(record, out);
  });
}
BENCHMARK(BM_http_frame);

void BM_syslog_frame(benchmark::State& state) {
  render(state, [](const RecordView& record, char* out) {
    benchmark::DoNotOptimize(syslog_frame_size(record, kDrain));
    return write_syslog_frame(record, kDrain, out);
  });
}
BENCHMARK(BM_syslog_frame);

void BM_json_line(benchmark::State& state) {
  render(state, [](const RecordView& record, char* out) { return write_json_line(record, "1-1", out); });
}
BENCHMARK(BM_json_line);

void BM_filter(benchmark::State& state, const char* text) {
  const Filter filter = Filter::parse(text).value();
  const auto all = records();
  for (auto _ : state)
    for (const OwnedRecord& record : all) benchmark::DoNotOptimize(filter.matches(record.view()));
  per_line(state);
}
BENCHMARK_CAPTURE(BM_filter, level, "level<=info");
BENCHMARK_CAPTURE(BM_filter, proc, "proc=web level<=info");
BENCHMARK_CAPTURE(BM_filter, field, "status>=200");
BENCHMARK_CAPTURE(BM_filter, regex, "text~method=GET");

void BM_timestamp(benchmark::State& state) {
  char out[kTimestampSize];
  WallTime now{};
  for (auto _ : state) benchmark::DoNotOptimize(write_timestamp(now += std::chrono::microseconds(777), out));
}
BENCHMARK(BM_timestamp);

}  // namespace
}  // namespace sluice
