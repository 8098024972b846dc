#include "logplex/base/bytes/bytes16.hpp"

#include <array>
#include <random>

#include <gtest/gtest.h>

// Each vector against what its words mean, byte by byte.

namespace sluice {
namespace {

using Sixteen = std::array<char, 16>;

/// Bytes that are often equal to each other and to the limits that scans ask for.
Sixteen some_bytes(std::mt19937& rng) {
  static constexpr char kTelling[] = {'\0', '\t', '\x1f', ' ', '"', '-', '/', '0', '9',    ':',    '@',
                                      'A',  'Z',  '[',    'a', 'f', 'g', 'z', '{', '\x7f', '\x80', '\xff'};
  Sixteen out;
  for (char& c : out) c = rng() % 2 == 0 ? kTelling[rng() % sizeof kTelling] : static_cast<char>(rng());
  return out;
}

unsigned byte_of(char c) { return static_cast<unsigned char>(c); }

template <class Bytes>
class Bytes16Test : public testing::Test {
 protected:
  static Sixteen stored(Bytes bytes) {
    Sixteen out;
    bytes.store(out.data());
    return out;
  }
  /// `answer` is yes exactly where `right` says so.
  template <class Right>
  static void expect_places(const Sixteen& in, Bytes answer, Right right) {
    const Sixteen out = stored(answer);
    unsigned first = 16;
    unsigned first_other = 16;
    for (unsigned i = 16; i-- > 0;) {
      EXPECT_EQ(byte_of(out[i]), right(in[i]) ? 0xffu : 0u) << byte_of(in[i]);
      (right(in[i]) ? first : first_other) = i;
    }
    auto places = answer.places();
    EXPECT_EQ(places.none(), first == 16);
    EXPECT_EQ(places.all(), first_other == 16);
    if (first < 16) {
      EXPECT_EQ(places.first(), first);
    }
    if (first_other < 16) {
      EXPECT_EQ(places.first_other(), first_other);
    }
    for (unsigned i = 0; i < 16; ++i) {
      if (!right(in[i])) continue;
      EXPECT_EQ(places.first(), i);
      places = places.without_first();
    }
    EXPECT_TRUE(places.none());
  }
};

using Vectors = testing::Types<Bytes16, BasicBytes16<PlainVector>>;
TYPED_TEST_SUITE(Bytes16Test, Vectors);

TYPED_TEST(Bytes16Test, questions) {
  std::mt19937 rng(7);
  for (int round = 0; round < 2000; ++round) {
    const Sixteen in = some_bytes(rng);
    const char c = in[rng() % 16];
    const char limit = static_cast<char>(byte_of(c) & 0x7f);
    const TypeParam bytes(in.data());
    this->expect_places(in, bytes.equal(c), [c](char x) { return x == c; });
    this->expect_places(in, bytes.at_most(c), [c](char x) { return byte_of(x) <= byte_of(c); });
    this->expect_places(in, bytes.between('0', '9'), [](char x) { return x >= '0' && x <= '9'; });
    this->expect_places(in, bytes.letter(), [](char x) { return (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z'); });
    this->expect_places(in, bytes.ascii_above(limit),
                        [limit](char x) { return byte_of(x) > byte_of(limit) && byte_of(x) < 0x80; });
    const TypeParam low = bytes.at_most(0x1f);
    this->expect_places(in, low | bytes.equal(c), [c](char x) { return byte_of(x) < 0x20 || x == c; });
    this->expect_places(in, low & bytes.equal(c), [c](char x) { return byte_of(x) < 0x20 && x == c; });
    this->expect_places(in, low.and_not(bytes.equal(c)), [c](char x) { return byte_of(x) < 0x20 && x != c; });
    this->expect_places(in, low.or_not(bytes.equal(c)), [c](char x) { return byte_of(x) < 0x20 || x != c; });
  }
}

TYPED_TEST(Bytes16Test, arithmetic) {
  std::mt19937 rng(8);
  for (int round = 0; round < 2000; ++round) {
    const Sixteen in = some_bytes(rng);
    const Sixteen other = some_bytes(rng);
    const TypeParam bytes(in.data());
    const Sixteen plus = this->stored(bytes + TypeParam(other.data()));
    const Sixteen minus = this->stored(bytes.minus(other[0]));
    const Sixteen lower = this->stored(bytes.with_bit_0x20());
    for (std::size_t i = 0; i < 16; ++i) {
      EXPECT_EQ(byte_of(plus[i]), (byte_of(in[i]) + byte_of(other[i])) % 256);
      EXPECT_EQ(byte_of(minus[i]), (byte_of(in[i]) + 256 - byte_of(other[0])) % 256);
      EXPECT_EQ(byte_of(lower[i]), byte_of(in[i]) | 0x20);
    }
  }
}

TYPED_TEST(Bytes16Test, nibbles) {
  const Sixteen digits{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  EXPECT_EQ(TypeParam(digits.data()).join_nibbles(), 0x0123'4567'89ab'cdefULL);
  EXPECT_EQ(this->stored(TypeParam::nibbles_of(0x0123'4567'89ab'cdefULL)), digits);
  std::mt19937_64 rng(9);
  for (int round = 0; round < 2000; ++round) {
    const std::uint64_t number = rng();
    EXPECT_EQ(TypeParam::nibbles_of(number).join_nibbles(), number);
  }
}

}  // namespace
}  // namespace sluice
