// Cutting a stream at any byte must change neither the frames nor the malformed lines.
#include <cstdint>
#include <string>
#include <string_view>

#include "logplex/base/check.hpp"
#include "logplex/wire/frame_splitter.hpp"

namespace {

using sluice::FrameSplitter;
constexpr std::size_t kMax = 300;

void take_all(FrameSplitter& splitter, std::string& seen) {
  for (auto step = splitter.next(); step != FrameSplitter::Step::kNeedMore; step = splitter.next()) {
    seen += step == FrameSplitter::Step::kFrame ? 'f' : 'b';
    if (step == FrameSplitter::Step::kFrame) seen += splitter.frame();
  }
}

std::string items(std::string_view stream, std::size_t cut) {
  FrameSplitter splitter(kMax);
  std::string seen;
  splitter.feed(stream.substr(0, cut));
  take_all(splitter, seen);
  SLUICE_CHECK(cut - splitter.consumed() <= kMax + 8);
  const std::string rest(stream.substr(splitter.consumed()));
  splitter.feed(rest);
  take_all(splitter, seen);
  return seen + (splitter.at_boundary() ? '.' : '+');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  SLUICE_CHECK(items(stream, bytes[0] * stream.size() / 256) == items(stream, stream.size()));
  return 0;
}
