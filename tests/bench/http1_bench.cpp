// What the codec costs per head, in ns. Small head: 8 header lines as wrk sends; browser: 930 bytes.
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "logplex/base/rng.hpp"
#include "router/http1/body.hpp"
#include "router/http1/forward.hpp"
#include "router/http1/scan.hpp"

namespace sluice::http1 {
namespace {

constexpr HeadLimits kLimits{
    .start_line = 8192, .name = 1000, .value = 8192, .cookie = 8192, .line = 9449, .fields = 1000, .head = 131072};

std::string slacked(std::string text) {
  text.reserve(text.size() + kSlack);
  return text;
}

std::string small_request() { return slacked("GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n"); }

std::string browser_request() {
  std::string head =
      "GET /products/42?ref=home&page=2 HTTP/1.1\r\nHost: www.example.com\r\nConnection: keep-alive\r\n"
      "Cache-Control: max-age=0\r\nUpgrade-Insecure-Requests: 1\r\n"
      "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
      "Safari/537.36\r\n"
      "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
      "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\nSec-Fetch-Dest: document\r\n"
      "Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.9\r\nCookie: session=";
  head += std::string(930 - head.size() - 4, 'c') + "\r\n\r\n";
  return slacked(head);
}

std::string response_head() {
  return slacked(
      "HTTP/1.1 200 OK\r\nServer: app\r\nContent-Type: text/plain\r\nContent-Length: 128\r\n"
      "Date: Sun, 22 Nov 2026 22:00:00 GMT\r\n\r\n");
}

void parse_request(benchmark::State& state, const std::string& head) {
  RequestParser parser(kLimits);
  for (auto _ : state) {
    parser.reset();
    benchmark::DoNotOptimize(parser.parse(head.data(), head.size()));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * head.size()));
}

void forward_request(benchmark::State& state, const std::string& head) {
  RequestParser parser(kLimits);
  parser.parse(head.data(), head.size());
  ForwardFacts facts;
  facts.client_address = "192.0.2.7";
  facts.port = 8080;
  SystemRng rng;
  std::vector<char> out(upstream_head_bound(parser, facts));
  for (auto _ : state) benchmark::DoNotOptimize(write_upstream_head(parser, facts, rng, out.data()).size);
}

void parse_response(benchmark::State& state) {
  const std::string head = response_head();
  ResponseParser parser(kLimits);
  for (auto _ : state) {
    parser.reset(false);
    benchmark::DoNotOptimize(parser.parse(head.data(), head.size()));
  }
}

void forward_response(benchmark::State& state) {
  const std::string head = response_head();
  ResponseParser parser(kLimits);
  parser.reset(false);
  parser.parse(head.data(), head.size());
  const DownstreamFacts facts;
  std::vector<char> out(downstream_head_bound(parser, facts));
  for (auto _ : state) benchmark::DoNotOptimize(write_downstream_head(parser, facts, out.data()));
}

void scan_chunks(benchmark::State& state) {
  std::string body;
  for (int i = 0; i < 16; ++i) body += "400\r\n" + std::string(1024, 'x') + "\r\n";
  body += "0\r\n\r\n";
  BodyScanner scanner;
  for (auto _ : state) {
    scanner.start(BodyKind::kChunked, 0);
    benchmark::DoNotOptimize(scanner.take(body.data(), body.size()));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * body.size()));
}

void scan_portable(benchmark::State& state) {
  const std::string text(930, 'x');
  for (auto _ : state) benchmark::DoNotOptimize(find_control_portable(text.data(), text.data() + text.size()));
}

BENCHMARK_CAPTURE(parse_request, small, small_request());
BENCHMARK_CAPTURE(parse_request, browser, browser_request());
BENCHMARK_CAPTURE(forward_request, small, small_request());
BENCHMARK_CAPTURE(forward_request, browser, browser_request());
BENCHMARK(parse_response);
BENCHMARK(forward_response);
BENCHMARK(scan_chunks);
BENCHMARK(scan_portable);

}  // namespace
}  // namespace sluice::http1
