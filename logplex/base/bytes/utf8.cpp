#include "logplex/base/bytes/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace sluice {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

/// Tests eight bytes at once, because nearly all text is ASCII.
bool are_ascii(const char* eight) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, eight, sizeof bytes);
  return (bytes & 0x8080'8080'8080'8080) == 0;
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

/// Recognises hidden characters by the bytes of their sequences.
bool is_hidden(unsigned first, unsigned second, unsigned third) {
  if (first == 0xc2) return second < 0xa0;
  if (first == 0xd8) return second == 0x9c;
  if (first == 0xef) return second == 0xbb && third == 0xbf;
  if (first != 0xe2) return false;
  if (second == 0x80) return is_between(third, 0x8b, 0x8f) || is_between(third, 0xa8, 0xae);
  return second == 0x81 && is_between(third, 0xa0, 0xaf);
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

std::size_t visible_sequence_size(std::string_view text) {
  const std::size_t size = utf8_sequence_size(text, 0);
  const unsigned first = byte_at(text, 0);
  if (size == 1) return first < 0x20 || first == 0x7f ? 0 : 1;
  return size > 1 && is_hidden(first, byte_at(text, 1), byte_at(text, 2)) ? 0 : size;
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (at + 8 <= text.size() && are_ascii(text.data() + at)) {
      at += 8;
      continue;
    }
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
    const bool visible = visible_sequence_size(text.substr(at)) > 0;
    const auto piece = visible ? text.substr(at, size) : kReplacement;
    if (out.size() + piece.size() > most) return out + "...";
    out += piece;
    at += size == 0 ? 1 : size;
  }
  return out;
}

}  // namespace sluice
