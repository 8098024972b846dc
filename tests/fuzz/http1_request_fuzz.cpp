// The first byte says where the rest is cut in two. Parsing it whole, cut, and byte by byte must come to the same, and
// what is forwarded of an accepted request must be acceptable itself, with the same framing.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tests/unit/router/http1/codec_support.hpp"

using namespace sluice::http1;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_forwarding(const RequestParser& parser) {
  const std::string head = upstream_head(parser);
  require(head.size() <= upstream_head_bound(parser, sample_facts()));
  RequestParser again({.start_line = 1 << 20,
                       .name = 1 << 20,
                       .value = 1 << 20,
                       .cookie = 1 << 20,
                       .line = 1 << 20,
                       .fields = 1 << 16,
                       .head = 1 << 24});
  std::unique_ptr<Slacked> buffer;
  require(feed(again, head, 0, buffer) == Progress::kDone);
  require(again.consumed() == head.size());
  require(again.body() == parser.body() && again.content_length() == parser.content_length());
  require(again.host() == parser.host() && again.method() == parser.method());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view input(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  for (const HeadLimits& limits : {small_limits(), wide_limits()}) {
    std::unique_ptr<Slacked> buffer;
    RequestParser whole(limits);
    const Progress progress = feed(whole, input, 0, buffer);
    const std::string expected = describe(whole, progress);
    if (progress == Progress::kDone) check_forwarding(whole);
    std::unique_ptr<Slacked> other;
    RequestParser cut(limits);
    require(describe(cut, feed(cut, input, 1 + bytes[0] % input.size(), other)) == expected);
    RequestParser bytewise(limits);
    require(describe(bytewise, feed_bytewise(bytewise, input, other)) == expected);
  }
  return 0;
}
