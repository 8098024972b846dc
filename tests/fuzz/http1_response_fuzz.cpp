// As http1_request_fuzz.cpp, for response heads.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tests/unit/router/http1/codec_support.hpp"

using namespace sluice::http1;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_forwarding(const ResponseParser& parser) {
  const DownstreamFacts facts{.keep_client = true, .dechunk = false, .date = "Sun, 22 Nov 2026 22:00:00 GMT"};
  const std::string head = downstream_head(parser, facts);
  require(head.size() <= downstream_head_bound(parser, facts));
  ResponseParser again({.start_line = 1 << 20,
                        .name = 1 << 20,
                        .value = 1 << 20,
                        .cookie = 1 << 20,
                        .line = 1 << 20,
                        .fields = 1 << 16,
                        .head = 1 << 24});
  again.reset(false);
  std::unique_ptr<Slacked> buffer;
  require(feed(again, head, 0, buffer) == Progress::kDone);
  require(again.consumed() == head.size() && again.status() == parser.status() && again.body() == parser.body());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view input(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  for (const HeadLimits& limits : {small_limits(), wide_limits()}) {
    std::unique_ptr<Slacked> buffer;
    ResponseParser whole(limits);
    const Progress progress = feed(whole, input, 0, buffer);
    const std::string expected = describe(whole, progress);
    if (progress == Progress::kDone) check_forwarding(whole);
    std::unique_ptr<Slacked> other;
    ResponseParser cut(limits);
    require(describe(cut, feed(cut, input, 1 + bytes[0] % input.size(), other)) == expected);
    ResponseParser bytewise(limits);
    require(describe(bytewise, feed_bytewise(bytewise, input, other)) == expected);
  }
  return 0;
}
