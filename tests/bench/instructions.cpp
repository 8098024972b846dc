// Runs each part of the hot paths a fixed number of times between callgrind's marks, so that `ops/dev guard` can
// compare the instructions per operation with the ones on record. Not a measure of time: it is the same on a busy
// machine. Prints how often each part is run. Without valgrind it only runs them.
#include <valgrind/callgrind.h>

#include <cstdio>
#include <string>
#include <vector>

#include "logplex/channel/fabric.hpp"
#include "logplex/runtime/runtime.hpp"
#include "logplex/wire/notice.hpp"
#include "logplex/wire/render.hpp"
#include "logplex/wire/syslog_parse.hpp"
#include "logplex/wire/syslog_splitter.hpp"
#include "router/http1/forward.hpp"
#include "router/http1/request.hpp"
#include "router/http1/response.hpp"
#include "router/line/router_line.hpp"
#include "tests/support/http1_samples.hpp"
#include "tests/support/router_line_sample.hpp"

namespace sluice {
namespace {

constexpr std::size_t kRounds = 1000;

template <class T>
void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

/// `once` is warm when it is counted: caches, tables and first pages are not part of the figure.
template <class F>
void count(const char* name, F once) {
  for (std::size_t i = 0; i < kRounds; ++i) once();
  CALLGRIND_ZERO_STATS;
  for (std::size_t i = 0; i < kRounds; ++i) once();
  CALLGRIND_DUMP_STATS_AT(name);
}

void count_request(const char* name, const std::string& head) {
  router::http1::RequestParser parser(router::http1::kSampleLimits);
  router::ForwardFacts facts;
  facts.client_address = "192.0.2.7";
  facts.port = 8080;
  SystemRng rng;
  std::vector<char> out(64 * 1024);
  count(name, [&] {
    parser.reset();
    keep(parser.parse(head.data(), head.size()));
    keep(router::http1::write_upstream_head(parser.head(), facts, rng, out.data()).size);
  });
}

void count_response() {
  const std::string head = router::http1::sample_response_head();
  router::http1::ResponseParser parser(router::http1::kSampleLimits);
  const router::http1::DownstreamFacts facts;
  std::vector<char> out(64 * 1024);
  count("response_head", [&] {
    parser.reset(false);
    keep(parser.parse(head.data(), head.size()));
    keep(router::http1::write_downstream_head(parser.head(), facts, out.data()));
  });
}

void count_router_line() {
  const router::RouterLine line = sample_router_line();
  std::string out(router::router_line_bound(line), '\0');
  count("router_line", [&] { keep(router::write_router_line(line, router::RouterLineFormat::kHeroku2, out.data())); });
}

std::string message() {
  std::string text =
      "<158>1 2026-01-02T03:04:05.678901+00:00 host t.6ba7b810-9dad-41d1-80b4-00c04fd430c8 web.1 - - at=info "
      "status=200 ";
  text.append(200 - text.size(), 'x');
  return text;
}

void count_ingress() {
  const std::string bytes = std::to_string(message().size()) + " " + message();
  count("syslog_line_in", [&] {
    SyslogSplitter splitter(10240);
    splitter.feed(bytes);
    keep(splitter.next());
    LineView line;
    keep(parse_syslog(splitter.frame(), StructuredData::kElements, line));
    keep(parse_token(line.source));
  });
}

void count_append() {
  SystemClock clock;
  Runtime runtime(1, clock);
  ShardScope scope(runtime.shard(0));
  Fabric fabric(runtime, {16_MiB, 100, {}}, std::chrono::seconds(1), {1, 1});
  fabric.local().open_channel(ChannelSlot{0}, "channel");
  const std::string text = message();
  LineView line = *parse_syslog(text);
  line.received = clock.wall();
  count("append", [&] { fabric.local().append(ChannelSlot{0}, line); });
}

void count_render() {
  const std::string text = message();
  const OwnedRecord record(*parse_syslog(text));
  const std::string_view drain = "d.6ba7b810-9dad-41d1-80b4-00c04fd430c8";
  std::string out(1024, '\0');
  count("syslog_line_out", [&] { keep(write_syslog_frame(record.view(), drain, out.data())); });
  count("http_line_out", [&] { keep(write_http_frame(record.view(), out.data())); });
}

}  // namespace
}  // namespace sluice

int main() {
  using namespace sluice;
  std::printf("%zu\n", kRounds);
  count_request("request_head_small", router::http1::sample_small_head());
  count_request("request_head_browser", router::http1::sample_browser_head());
  count_response();
  count_router_line();
  count_ingress();
  count_append();
  count_render();
}
