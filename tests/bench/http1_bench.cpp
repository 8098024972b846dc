// What the codec costs per head, in ns. Small head: two header lines; browser: 930 bytes.
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "logplex/base/rng.hpp"
#include "router/http1/body.hpp"
#include "router/http1/forward.hpp"
#include "router/http1/request.hpp"
#include "router/http1/response.hpp"
#include "router/http1/scan.hpp"
#include "tests/support/http1_samples.hpp"

namespace sluice::router::http1 {
namespace {

void parse_request(benchmark::State& state, const std::string& head) {
  RequestParser parser(kSampleLimits);
  for (auto _ : state) {
    parser.reset();
    benchmark::DoNotOptimize(parser.parse(head.data(), head.size()));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(head.size()));
}

void forward_request(benchmark::State& state, const std::string& head) {
  RequestParser parser(kSampleLimits);
  parser.parse(head.data(), head.size());
  ForwardFacts facts;
  facts.client_address = "192.0.2.7";
  facts.port = 8080;
  SystemRng rng;
  std::vector<char> out(upstream_head_bound(parser.head(), facts));
  for (auto _ : state) benchmark::DoNotOptimize(write_upstream_head(parser.head(), facts, rng, out.data()).size);
}

void parse_response(benchmark::State& state) {
  const std::string head = sample_response_head();
  ResponseParser parser(kSampleLimits);
  for (auto _ : state) {
    parser.reset(false);
    benchmark::DoNotOptimize(parser.parse(head.data(), head.size()));
  }
}

void forward_response(benchmark::State& state) {
  const std::string head = sample_response_head();
  ResponseParser parser(kSampleLimits);
  parser.reset(false);
  parser.parse(head.data(), head.size());
  const DownstreamFacts facts;
  std::vector<char> out(downstream_head_bound(parser.head(), facts));
  for (auto _ : state) benchmark::DoNotOptimize(write_downstream_head(parser.head(), facts, out.data()));
}

void scan_chunks(benchmark::State& state) {
  std::string body;
  for (int i = 0; i < 16; ++i) body += "400\r\n" + std::string(1024, 'x') + "\r\n";
  body += "0\r\n\r\n";
  BodyScanner scanner;
  for (auto _ : state) {
    scanner.start(BodyKind::kChunked, 0);
    std::size_t taken = 0;
    benchmark::DoNotOptimize(scanner.pass_on(body.data(), body.size(), taken));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}

void scan_portable(benchmark::State& state) {
  const std::string text(930, 'x');
  for (auto _ : state) benchmark::DoNotOptimize(find_control_portable(text.data(), text.data() + text.size()));
}

BENCHMARK_CAPTURE(parse_request, small, sample_small_head());
BENCHMARK_CAPTURE(parse_request, browser, sample_browser_head());
BENCHMARK_CAPTURE(forward_request, small, sample_small_head());
BENCHMARK_CAPTURE(forward_request, browser, sample_browser_head());
BENCHMARK(parse_response);
BENCHMARK(forward_response);
BENCHMARK(scan_chunks);
BENCHMARK(scan_portable);

}  // namespace
}  // namespace sluice::router::http1
