#include "logplex/base/uuid.hpp"

#include <cstring>
#include <span>

#include "logplex/base/bytes/bytes16.hpp"

namespace sluice {
namespace {

/// Reads 16 hexadecimal digits, all at once; sets `good` to false when one is no digit. Without branches, because
/// random digits would make every one mispredict.
std::uint64_t take_digits(const char* text, bool& good) {
  const Bytes16 bytes(text);
  const Bytes16 digit = bytes.minus('0');
  const Bytes16 letter = bytes.with_bit_0x20().minus('a');
  const Bytes16 is_digit = digit.at_most(9);
  good &= (is_digit | letter.at_most(5)).places().all();
  return ((is_digit & digit) | letter.plus(10).and_not(is_digit)).join_nibbles();
}

/// The 16 digits of a number.
Bytes16 digits_of(std::uint64_t number) {
  const Bytes16 values = Bytes16::nibbles_of(number);
  return values.plus('0') + (values.ascii_above(9) & Bytes16::all('a' - '0' - 10));
}

}  // namespace

Uuid Uuid::random(Rng& rng) {
  Uuid id;
  rng.fill(std::as_writable_bytes(std::span(&id, 1)));
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
  bool good = true;
  const Uuid id{take_digits(digits, good), take_digits(digits + 16, good)};
  if (!good) return std::nullopt;
  return id;
}

/// Converts all digits at once, then moves them apart: 60 instructions instead of 190 with a look-up for each byte
/// (2026-11-23).
void Uuid::format_to(char* out) const {
  char digits[32];
  digits_of(high).store(digits);
  digits_of(low).store(digits + 16);
  std::memcpy(out, digits, 8);
  std::memcpy(out + 9, digits + 8, 4);
  std::memcpy(out + 14, digits + 12, 4);
  std::memcpy(out + 19, digits + 16, 4);
  std::memcpy(out + 24, digits + 20, 12);
  out[8] = out[13] = out[18] = out[23] = '-';
}

std::string Uuid::str() const {
  std::string text(kTextSize, '\0');
  format_to(text.data());
  return text;
}

}  // namespace sluice
