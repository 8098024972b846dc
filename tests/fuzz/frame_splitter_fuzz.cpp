// Cutting a stream at any byte must change neither the messages nor what is passed over, in either framing.
#include <cstdint>
#include <string>
#include <string_view>

#include "logplex/base/check.hpp"
#include "logplex/wire/frame_splitter.hpp"
#include "logplex/wire/syslog_splitter.hpp"

namespace {

using sluice::FrameSplitter;
using sluice::SyslogSplitter;
constexpr std::size_t kMax = 300;

/// False when nothing may follow.
bool take_all(FrameSplitter& splitter, std::string& seen) {
  auto step = splitter.next();
  for (; step == FrameSplitter::Step::kFrame; step = splitter.next()) (seen += 'f') += splitter.frame();
  if (step == FrameSplitter::Step::kMalformed) seen += 'b';
  return step == FrameSplitter::Step::kNeedMore;
}

bool take_all(SyslogSplitter& splitter, std::string& seen) {
  using Step = SyslogSplitter::Step;
  for (auto step = splitter.next(); step != Step::kNeedMore; step = splitter.next()) {
    seen += static_cast<char>('a' + static_cast<int>(step));
    if (step == Step::kFrame) seen += splitter.frame();
    if (step == Step::kLost) return false;
  }
  return true;
}

template <class Splitter>
std::string items(std::string_view stream, std::size_t cut) {
  Splitter splitter(kMax);
  std::string seen;
  splitter.feed(stream.substr(0, cut));
  if (!take_all(splitter, seen)) return seen;
  SLUICE_CHECK(cut - splitter.consumed() <= kMax + 8);
  const std::string rest(stream.substr(splitter.consumed()));
  splitter.feed(rest);
  if (!take_all(splitter, seen)) return seen;
  return seen + (splitter.at_boundary() ? '.' : '+');
}

template <class Splitter>
void check_cut(std::string_view stream, std::size_t cut) {
  SLUICE_CHECK(items<Splitter>(stream, cut) == items<Splitter>(stream, stream.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const std::size_t cut = bytes[0] * stream.size() / 256;
  check_cut<FrameSplitter>(stream, cut);
  check_cut<SyslogSplitter>(stream, cut);
  return 0;
}
