// As http1_request_fuzz.cpp, for response heads.
#include "tests/fuzz/http1_heads.hpp"

using namespace sluice::router::http1;

namespace {

void check_forwarding(const ResponseParser& parser) {
  const DownstreamFacts facts{.keep_client = true, .dechunk = false, .date = "Sun, 22 Nov 2026 22:00:00 GMT"};
  const std::string head = downstream_head(parser, facts);
  require(head.size() <= downstream_head_bound(parser.head(), facts));
  ResponseParser again(no_limits());
  again.reset(false);
  std::unique_ptr<Slacked> buffer;
  require(feed(again, head, 0, buffer) == Progress::kDone);
  require(again.consumed() == head.size() && again.head().status == parser.head().status &&
          again.head().body() == parser.head().body());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  check_every_cut<ResponseParser>(bytes, size, check_forwarding);
  return 0;
}
