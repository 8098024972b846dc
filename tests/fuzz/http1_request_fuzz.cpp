// A request head, cut anywhere; and what is forwarded of an accepted one must be acceptable itself, with the same
// framing.
#include "tests/fuzz/http1_heads.hpp"

using namespace sluice::router::http1;

namespace {

void check_forwarding(const RequestParser& parser) {
  const std::string head = upstream_head(parser);
  require(head.size() <= upstream_head_bound(parser.head(), sample_facts()));
  RequestParser again(no_limits());
  std::unique_ptr<Slacked> buffer;
  require(feed(again, head, 0, buffer) == Progress::kDone);
  require(again.consumed() == head.size());
  require(again.head().body() == parser.head().body() && again.head().length == parser.head().length);
  require(again.head().host == parser.head().host && again.head().method() == parser.head().method());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  check_every_cut<RequestParser>(bytes, size, check_forwarding);
  return 0;
}
