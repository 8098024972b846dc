#include "logplex/base/uuid.hpp"

#include <emmintrin.h>

#include <array>
#include <cstring>

namespace sluice {
namespace {

constexpr char kHex[] = "0123456789abcdef";

/// The values of 16 hexadecimal digits; `bad` has a bit for each that is none. Without a branch, because random digits
/// make every one mispredict; 16 at a time.
__m128i digit_values(__m128i text, int& bad) {
  const __m128i digit = _mm_sub_epi8(text, _mm_set1_epi8('0'));
  const __m128i letter = _mm_sub_epi8(_mm_or_si128(text, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
  const __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit);
  const __m128i is_letter = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(5)), letter);
  bad |= ~_mm_movemask_epi8(_mm_or_si128(is_digit, is_letter)) & 0xffff;
  return _mm_or_si128(_mm_and_si128(is_digit, digit),
                      _mm_andnot_si128(is_digit, _mm_add_epi8(letter, _mm_set1_epi8(10))));
}

/// 16 hexadecimal digits as a number.
std::uint64_t take_digits(const char* text, int& bad) {
  const __m128i values = digit_values(_mm_loadu_si128(reinterpret_cast<const __m128i*>(text)), bad);
  // The first digit of each pair is in the low byte and becomes the high half.
  const __m128i pairs = _mm_or_si128(_mm_slli_epi16(values, 4), _mm_srli_epi16(values, 8));
  const __m128i bytes = _mm_packus_epi16(_mm_and_si128(pairs, _mm_set1_epi16(0xff)), _mm_setzero_si128());
  return __builtin_bswap64(static_cast<std::uint64_t>(_mm_cvtsi128_si64(bytes)));
}

/// The two digits of each byte: one look-up instead of two, and no question where the dashes stand.
constexpr std::array<std::array<char, 2>, 256> make_digit_pairs() {
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i] = {kHex[i >> 4], kHex[i & 0xf]};
  return pairs;
}
constexpr auto kDigitPairs = make_digit_pairs();

}  // namespace

Uuid Uuid::random(Rng& rng) {
  Uuid id{rng.next(), rng.next()};
  id.high = (id.high & ~0xf000ULL) | 0x4000ULL;
  id.low = (id.low & ~(3ULL << 62)) | (2ULL << 62);
  return id;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != kTextSize) return std::nullopt;
  if (text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return std::nullopt;
  char digits[32];
  std::memcpy(digits, text.data(), 8);
  std::memcpy(digits + 8, text.data() + 9, 4);
  std::memcpy(digits + 12, text.data() + 14, 4);
  std::memcpy(digits + 16, text.data() + 19, 4);
  std::memcpy(digits + 20, text.data() + 24, 12);
  int bad = 0;
  const Uuid id{take_digits(digits, bad), take_digits(digits + 16, bad)};
  if (bad != 0) return std::nullopt;
  return id;
}

void Uuid::format_to(char* out) const {
  constexpr std::size_t kHighBytes[] = {0, 2, 4, 6, 9, 11, 14, 16};  // where each byte's two digits stand
  constexpr std::size_t kLowBytes[] = {19, 21, 24, 26, 28, 30, 32, 34};
  for (std::size_t i = 0; i < 8; ++i) {
    const std::size_t shift = 56 - 8 * i;
    std::memcpy(out + kHighBytes[i], kDigitPairs[high >> shift & 0xff].data(), 2);
    std::memcpy(out + kLowBytes[i], kDigitPairs[low >> shift & 0xff].data(), 2);
  }
  for (const std::size_t dash : {8, 13, 18, 23}) out[dash] = '-';
}

std::string Uuid::str() const {
  std::string text(kTextSize, '\0');
  format_to(text.data());
  return text;
}

}  // namespace sluice
