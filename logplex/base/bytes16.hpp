#pragma once

#include <emmintrin.h>

#include <bit>
#include <cstring>

namespace sluice {

/// 16 bytes that are asked the same question at once (SSE2, which every x86-64 has; wider vectors measured the same).
/// A question yields a set of places; first() of it is where a scan goes on. What is loaded must be readable whole, so
/// buffers that are scanned like this have slack behind them.
class Bytes16 {
 public:
  /// Places among the 16, as bits.
  class Places {
   public:
    explicit Places(__m128i mask) : bits_(static_cast<unsigned>(_mm_movemask_epi8(mask))) {}
    bool none() const { return bits_ == 0; }
    bool all() const { return bits_ == kAll; }
    /// The first one; not when none().
    unsigned first() const { return static_cast<unsigned>(std::countr_zero(bits_)); }
    /// The first place that is not among them; not when all().
    unsigned first_other() const { return static_cast<unsigned>(std::countr_zero(bits_ ^ kAll)); }

   private:
    static constexpr unsigned kAll = 0xffff;
    unsigned bits_;
  };

  explicit Bytes16(const char* at) : bytes_(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))) {}
  void store(char* at) const { _mm_storeu_si128(reinterpret_cast<__m128i*>(at), bytes_); }

  // Answers are bytes of ones or zeros, to be joined with & and |.
  Bytes16 equal(char c) const { return Bytes16(_mm_cmpeq_epi8(bytes_, _mm_set1_epi8(c))); }
  /// Unsigned.
  Bytes16 at_most(char c) const { return Bytes16(_mm_cmpeq_epi8(_mm_min_epu8(bytes_, _mm_set1_epi8(c)), bytes_)); }
  /// first <= byte <= last, unsigned.
  Bytes16 between(char first, char last) const {
    return Bytes16(_mm_sub_epi8(bytes_, _mm_set1_epi8(first))).at_most(static_cast<char>(last - first));
  }
  /// c < byte < 0x80. For c from 0 to 0x7f: as signed bytes, what is above them all ends there.
  Bytes16 ascii_above(char c) const { return Bytes16(_mm_cmpgt_epi8(bytes_, _mm_set1_epi8(c))); }
  /// A-Z and a-z.
  Bytes16 letter() const { return with_bit_0x20().between('a', 'z'); }
  /// Lower-cases letters; leaves digits, `-` and `.`.
  Bytes16 with_bit_0x20() const { return Bytes16(_mm_or_si128(bytes_, _mm_set1_epi8(0x20))); }

  /// This, or where the other answer is no.
  Bytes16 or_not(Bytes16 other) const { return *this | Bytes16(_mm_cmpeq_epi8(other.bytes_, _mm_setzero_si128())); }
  /// This, but not where the other answer is yes.
  Bytes16 and_not(Bytes16 other) const { return Bytes16(_mm_andnot_si128(other.bytes_, bytes_)); }
  friend Bytes16 operator&(Bytes16 a, Bytes16 b) { return Bytes16(_mm_and_si128(a.bytes_, b.bytes_)); }
  friend Bytes16 operator|(Bytes16 a, Bytes16 b) { return Bytes16(_mm_or_si128(a.bytes_, b.bytes_)); }
  Places places() const { return Places(bytes_); }

 private:
  explicit Bytes16(__m128i bytes) : bytes_(bytes) {}
  __m128i bytes_;
};

}  // namespace sluice
