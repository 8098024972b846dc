#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "tests/unit/router/http1/codec_support.hpp"

namespace sluice::router::http1 {

inline void require(bool condition) {
  if (!condition) std::abort();
}

/// Limits that no head of a fuzz input reaches.
inline HeadLimits no_limits() {
  return {.start_line = 1 << 20,
          .name = 1 << 20,
          .value = 1 << 20,
          .cookie = 1 << 20,
          .line = 1 << 20,
          .fields = 1 << 16,
          .head = 1 << 24};
}

/// The first byte says where the rest is cut in two. Parsing it whole, cut, and byte by byte must come to the same;
/// `check_forwarding` looks at what was accepted.
template <class Parser, class Check>
void check_every_cut(const std::uint8_t* bytes, std::size_t size, Check check_forwarding) {
  if (size < 2) return;
  const std::string_view input(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  for (const HeadLimits& limits : {small_limits(), wide_limits()}) {
    std::unique_ptr<Slacked> buffer;
    Parser whole(limits);
    const Progress progress = feed(whole, input, 0, buffer);
    const std::string expected = describe(whole, progress);
    if (progress == Progress::kDone) check_forwarding(whole);
    std::unique_ptr<Slacked> other;
    Parser cut(limits);
    require(describe(cut, feed(cut, input, 1 + bytes[0] % input.size(), other)) == expected);
    Parser bytewise(limits);
    require(describe(bytewise, feed_bytewise(bytewise, input, other)) == expected);
  }
}

}  // namespace sluice::router::http1
