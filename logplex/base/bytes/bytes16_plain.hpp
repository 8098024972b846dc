#pragma once

#include <array>
#include <cstdint>
#include <cstring>

namespace sluice {

/// 16 bytes one by one, for machines without a vector unit that we support. Tests compare the other two with this one.
/// See BasicBytes16.
struct PlainVector {
  using Bytes = std::array<std::uint8_t, 16>;

  static Bytes load(const char* at) {
    Bytes out;
    std::memcpy(out.data(), at, out.size());
    return out;
  }
  static void store(char* at, const Bytes& a) { std::memcpy(at, a.data(), a.size()); }
  static Bytes all(char c) {
    Bytes out;
    out.fill(static_cast<std::uint8_t>(c));
    return out;
  }
  static Bytes equal(const Bytes& a, const Bytes& b) {
    return each(a, b, [](std::uint8_t x, std::uint8_t y) { return x == y ? 0xff : 0; });
  }
  static Bytes at_most(const Bytes& a, const Bytes& b) {
    return each(a, b, [](std::uint8_t x, std::uint8_t y) { return x <= y ? 0xff : 0; });
  }
  static Bytes signed_above(const Bytes& a, const Bytes& b) {
    return each(a, b, [](std::uint8_t x, std::uint8_t y) { return (x ^ 0x80) > (y ^ 0x80) ? 0xff : 0; });
  }
  static Bytes plus(const Bytes& a, const Bytes& b) {
    return each(a, b, [](std::uint8_t x, std::uint8_t y) { return x + y; });
  }
  static Bytes minus(const Bytes& a, const Bytes& b) {
    return each(a, b, [](std::uint8_t x, std::uint8_t y) { return x - y; });
  }
  static Bytes both(const Bytes& a, const Bytes& b) {
    return each(a, b, [](std::uint8_t x, std::uint8_t y) { return x & y; });
  }
  static Bytes either(const Bytes& a, const Bytes& b) {
    return each(a, b, [](std::uint8_t x, std::uint8_t y) { return x | y; });
  }
  static Bytes and_not(const Bytes& a, const Bytes& b) {
    return each(a, b, [](std::uint8_t x, std::uint8_t y) { return x & ~y; });
  }
  static unsigned places(const Bytes& a) {
    unsigned out = 0;
    for (std::size_t i = 0; i < a.size(); ++i) out |= static_cast<unsigned>(a[i] >> 7) << i;
    return out;
  }

  static std::uint64_t join_nibbles(const Bytes& a) {
    std::uint64_t out = 0;
    for (const std::uint8_t nibble : a) out = out << 4 | nibble;
    return out;
  }
  static Bytes nibbles_of(std::uint64_t number) {
    Bytes out;
    for (std::size_t i = out.size(); i-- > 0; number >>= 4) out[i] = number & 0xf;
    return out;
  }

 private:
  template <class F>
  static Bytes each(const Bytes& a, const Bytes& b, F f) {
    Bytes out;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(f(a[i], b[i]));
    return out;
  }
};

}  // namespace sluice
