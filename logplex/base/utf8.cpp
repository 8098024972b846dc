#include "logplex/base/utf8.hpp"

namespace sluice {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

bool is_between(unsigned byte, unsigned low, unsigned high) { return byte >= low && byte <= high; }

bool continues(std::string_view text, std::size_t at) { return is_between(byte_at(text, at), 0x80, 0xbf); }

/// The second byte's range keeps out overlong forms, surrogates and what lies above U+10FFFF (RFC 3629 section 4).
bool second_fits(unsigned first, unsigned second) {
  switch (first) {
    case 0xe0:
      return is_between(second, 0xa0, 0xbf);
    case 0xed:
      return is_between(second, 0x80, 0x9f);
    case 0xf0:
      return is_between(second, 0x90, 0xbf);
    case 0xf4:
      return is_between(second, 0x80, 0x8f);
    default:
      return is_between(second, 0x80, 0xbf);
  }
}

}  // namespace

std::size_t utf8_sequence_size(std::string_view text, std::size_t at) {
  const unsigned first = byte_at(text, at);
  if (first < 0x80) return at < text.size() ? 1 : 0;
  if (!is_between(first, 0xc2, 0xf4) || !second_fits(first, byte_at(text, at + 1))) return 0;
  if (first < 0xe0) return 2;
  if (!continues(text, at + 2)) return 0;
  if (first < 0xf0) return 3;
  return continues(text, at + 3) ? 4 : 0;
}

}  // namespace sluice
