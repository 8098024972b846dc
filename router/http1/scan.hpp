#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "logplex/base/bytes/bytes16.hpp"

namespace sluice::router::http1 {

/// Bytes that must be readable (not meaningful) after every buffer given to a parser, because the scan reads whole
/// vectors. All our buffers are allocated with it.
constexpr std::size_t kSlack = 32;

/// Classes of characters (RFC 9110 section 5.6.2, RFC 3986 section 3.2.2).
enum CharClass : std::uint8_t { kTokenChar = 1, kHostChar = 2, kRequestIdChar = 4, kDigitChar = 8, kHexChar = 16 };

extern const std::array<std::uint8_t, 256> kCharClasses;

inline bool is_char(char c, CharClass wanted) {
  return (kCharClasses[static_cast<unsigned char>(c)] & static_cast<unsigned>(wanted)) != 0;
}
inline bool is_blank(char c) { return c == ' ' || c == '\t'; }
/// A control byte that no line may hold: 0x00-0x1f without HT, and DEL.
inline bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }
/// Lower-cases A-Z only.
inline char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// The first control byte (see is_control) in [at, end), or end. Every valid line ends at one, so a single pass finds
/// the end of the line and proves that no forbidden byte comes before it. Reads up to kSlack bytes past end. 930 bytes
/// of head take 171 ns, against 428 ns byte by byte (2026-11-22).
inline const char* find_control(const char* at, const char* end) {
  for (; at < end; ++at) {
    for (;;) {
      const Bytes16 bytes(at);
      const auto found = (bytes.at_most(0x1f) | bytes.equal(0x7f)).places();
      if (!found.none()) {
        at += found.first();
        break;
      }
      at += 16;
      if (at >= end) return end;
    }
    if (at >= end) return end;
    if (*at != '\t') return at;  // a tab is rare in heads: continue after it
  }
  return end;
}
/// The same without vectors; reads nothing past end.
const char* find_control_portable(const char* at, const char* end);

/// The first byte from `at` on that is not a kTokenChar. A CR or LF must follow; reads up to kSlack bytes past it.
inline const char* find_token_end(const char* at) {
  // Nearly every name consists of letters and hyphens. Other token characters are looked up in the table.
  for (;; at += 16) {
    const Bytes16 bytes(at);
    const auto usual = (bytes.letter() | bytes.equal('-')).places();
    if (usual.all()) continue;
    at += usual.first_other();
    break;
  }
  while (is_char(*at, kTokenChar)) ++at;
  return at;
}

/// The first space, tab, `#` or CR from `at` on; one must follow. Reads up to kSlack bytes past it.
inline const char* find_target_end(const char* at) {
  for (;; at += 16) {
    const Bytes16 bytes(at);
    const auto found = (bytes.equal(' ') | bytes.equal('#') | bytes.equal('\t') | bytes.equal('\r')).places();
    if (!found.none()) return at + found.first();
  }
}

/// True when both are equal, ignoring the case of A-Z. `lower` must be lower-case.
bool equals_lower(std::string_view text, std::string_view lower);
/// True when both names are equal, ignoring the case of A-Z.
bool same_name(std::string_view a, std::string_view b);
/// Removes blanks at both ends (OWS, RFC 9110 section 5.6.3).
std::string_view trim(std::string_view text);

}  // namespace sluice::router::http1
