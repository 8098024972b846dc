#pragma once

#include <bit>
#include <cstdint>

#include "logplex/base/bytes/bytes16_neon.hpp"
#include "logplex/base/bytes/bytes16_plain.hpp"
#include "logplex/base/bytes/bytes16_sse2.hpp"

namespace sluice {

/// 16 bytes that are compared at once (SIMD). A comparison gives a mask; places() turns it into a set of positions, and
/// first() is where a scan continues. A load reads all 16 bytes, so buffers that are scanned this way have slack at the
/// end.
///
/// Vector implements this for one kind of machine: Sse2Vector, NeonVector or PlainVector. All give the same results.
template <class Vector>
class BasicBytes16 {
 public:
  /// A set of positions among the 16, as bits.
  class Places {
   public:
    explicit Places(unsigned bits) : bits_(bits) {}
    bool none() const { return bits_ == 0; }
    bool all() const { return bits_ == kAll; }
    /// The first position; not when none().
    unsigned first() const { return static_cast<unsigned>(std::countr_zero(bits_)); }
    /// The first position that is not in the set; not when all().
    unsigned first_other() const { return static_cast<unsigned>(std::countr_zero(bits_ ^ kAll)); }
    Places without_first() const { return Places(bits_ & (bits_ - 1)); }

   private:
    static constexpr unsigned kAll = 0xffff;
    unsigned bits_;
  };

  explicit BasicBytes16(const char* at) : bytes_(Vector::load(at)) {}
  static BasicBytes16 all(char c) { return BasicBytes16(Vector::all(c)); }
  void store(char* at) const { Vector::store(at, bytes_); }

  // Comparisons give a mask: each byte is 0xff for yes or 0 for no. Combine masks with & and |.
  BasicBytes16 equal(char c) const { return BasicBytes16(Vector::equal(bytes_, Vector::all(c))); }
  /// Unsigned.
  BasicBytes16 at_most(char c) const { return BasicBytes16(Vector::at_most(bytes_, Vector::all(c))); }
  /// first <= byte <= last, unsigned.
  BasicBytes16 between(char first, char last) const { return minus(first).at_most(static_cast<char>(last - first)); }
  /// c < byte < 0x80, for c from 0 to 0x7f. The comparison is signed, so bytes from 0x80 on are negative.
  BasicBytes16 ascii_above(char c) const { return BasicBytes16(Vector::signed_above(bytes_, Vector::all(c))); }
  /// A-Z and a-z.
  BasicBytes16 letter() const { return with_bit_0x20().between('a', 'z'); }
  /// Lower-cases letters; leaves digits, `-` and `.`.
  BasicBytes16 with_bit_0x20() const { return *this | all(0x20); }

  /// Adds to each byte, modulo 256.
  BasicBytes16 plus(char c) const { return *this + all(c); }
  BasicBytes16 minus(char c) const { return BasicBytes16(Vector::minus(bytes_, Vector::all(c))); }
  friend BasicBytes16 operator+(BasicBytes16 a, BasicBytes16 b) {
    return BasicBytes16(Vector::plus(a.bytes_, b.bytes_));
  }

  /// This mask, or yes where `other` is no.
  BasicBytes16 or_not(BasicBytes16 other) const { return *this | other.equal(0); }
  /// This mask, but no where `other` is yes.
  BasicBytes16 and_not(BasicBytes16 other) const { return BasicBytes16(Vector::and_not(bytes_, other.bytes_)); }
  friend BasicBytes16 operator&(BasicBytes16 a, BasicBytes16 b) {
    return BasicBytes16(Vector::both(a.bytes_, b.bytes_));
  }
  friend BasicBytes16 operator|(BasicBytes16 a, BasicBytes16 b) {
    return BasicBytes16(Vector::either(a.bytes_, b.bytes_));
  }
  Places places() const { return Places(Vector::places(bytes_)); }

  /// Values from 0 to 15 as one number, the first the most significant.
  std::uint64_t join_nibbles() const { return Vector::join_nibbles(bytes_); }
  static BasicBytes16 nibbles_of(std::uint64_t number) { return BasicBytes16(Vector::nibbles_of(number)); }

 private:
  explicit BasicBytes16(const typename Vector::Bytes& bytes) : bytes_(bytes) {}
  typename Vector::Bytes bytes_;
};

#if defined(__SSE2__)
using Bytes16 = BasicBytes16<Sse2Vector>;
#elif defined(__aarch64__)
using Bytes16 = BasicBytes16<NeonVector>;
#else
using Bytes16 = BasicBytes16<PlainVector>;
#endif

}  // namespace sluice
