#include "logplex/base/utf8.hpp"

#include <algorithm>

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

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto size = utf8_sequence_size(text, at);
    if (size == 0) return false;
    at += size;
  }
  return true;
}

bool is_plain_text(std::string_view text) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return std::none_of(text.begin(), text.end(), control) && is_utf8(text);
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto size = utf8_sequence_size(text, at);
    size == 0 ? out.append("\xef\xbf\xbd") : out.append(text.substr(at, size));
    at += size == 0 ? 1 : size;
  }
  return out;
}

std::string shown_text(std::string_view text, std::size_t most) {
  constexpr std::string_view kReplacement = "\xef\xbf\xbd";
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto size = utf8_sequence_size(text, at);
    const auto first = static_cast<unsigned char>(text[at]);
    // U+0080 to U+009F are control characters too.
    const bool control = first < 0x20 || first == 0x7f || (size == 2 && first == 0xc2 && byte_at(text, at + 1) < 0xa0);
    const auto piece = size == 0 || control ? kReplacement : text.substr(at, size);
    if (out.size() + piece.size() > most) return out + "...";
    out += piece;
    at += size == 0 ? 1 : size;
  }
  return out;
}

}  // namespace sluice
