#pragma once

#if defined(__SSE2__)

#include <emmintrin.h>

#include <cstdint>

namespace sluice {

/// 16 bytes in a register of SSE2, which every x86-64 has; wider vectors measured the same. See BasicBytes16.
struct Sse2Vector {
  using Bytes = __m128i;

  static Bytes load(const char* at) { return _mm_loadu_si128(reinterpret_cast<const Bytes*>(at)); }
  static void store(char* at, Bytes a) { _mm_storeu_si128(reinterpret_cast<Bytes*>(at), a); }
  static Bytes all(char c) { return _mm_set1_epi8(c); }
  static Bytes equal(Bytes a, Bytes b) { return _mm_cmpeq_epi8(a, b); }
  static Bytes at_most(Bytes a, Bytes b) { return _mm_cmpeq_epi8(_mm_min_epu8(a, b), a); }
  static Bytes signed_above(Bytes a, Bytes b) { return _mm_cmpgt_epi8(a, b); }
  static Bytes plus(Bytes a, Bytes b) { return _mm_add_epi8(a, b); }
  static Bytes minus(Bytes a, Bytes b) { return _mm_sub_epi8(a, b); }
  static Bytes both(Bytes a, Bytes b) { return _mm_and_si128(a, b); }
  static Bytes either(Bytes a, Bytes b) { return _mm_or_si128(a, b); }
  static Bytes and_not(Bytes a, Bytes b) { return _mm_andnot_si128(b, a); }
  static unsigned places(Bytes a) { return static_cast<unsigned>(_mm_movemask_epi8(a)); }

  static std::uint64_t join_nibbles(Bytes a) {
    // The first of each pair is in the low byte and becomes the high half.
    const Bytes pairs = _mm_or_si128(_mm_slli_epi16(a, 4), _mm_srli_epi16(a, 8));
    const Bytes bytes = _mm_packus_epi16(_mm_and_si128(pairs, _mm_set1_epi16(0xff)), _mm_setzero_si128());
    return __builtin_bswap64(static_cast<std::uint64_t>(_mm_cvtsi128_si64(bytes)));
  }
  static Bytes nibbles_of(std::uint64_t number) {
    const Bytes bytes = _mm_cvtsi64_si128(static_cast<std::int64_t>(__builtin_bswap64(number)));
    const Bytes high = _mm_and_si128(_mm_srli_epi16(bytes, 4), _mm_set1_epi8(0xf));
    const Bytes low = _mm_and_si128(bytes, _mm_set1_epi8(0xf));
    return _mm_unpacklo_epi8(high, low);
  }
};

}  // namespace sluice

#endif
