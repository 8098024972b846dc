#include "logplex/cli/view/terminal_text.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include <fmt/format.h>

namespace sluice::cli {
namespace {

constexpr std::size_t kLongestColourSequence = 48;

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t size = 0;  // 0: not well-formed UTF-8
};

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF.
CodePoint decode(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t size = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (size == 0 || size > text.size()) return {};
  static constexpr std::uint32_t kLeadMask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  static constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  std::uint32_t value = lead & kLeadMask[size];
  for (std::size_t i = 1; i < size; ++i) {
    if (!is_continuation(text[i])) return {};
    value = value << 6 | (static_cast<unsigned char>(text[i]) & 0x3f);
  }
  const bool valid = value >= kLeast[size] && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
  return valid ? CodePoint{value, size} : CodePoint{};
}

/// Characters that change the order in which a terminal shows text, or hide it (Unicode TR 36, section 2.10). Unlike
/// our own log (utf8.cpp), this keeps U+200C and U+200D: scripts and emoji in users' lines need them.
bool reorders(std::uint32_t c) {
  return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f || c == 0x061c ||
         c == 0x2028 || c == 0x2029 || c == 0x200b || c == 0x2060 || c == 0xfeff;
}

/// Follows the parameters of an SGR sequence. A colour (38, 48, 58) has parameters of its own: 5 and an index, or 2 and
/// three numbers.
class SgrParameters {
 public:
  /// False for "concealed" (8).
  bool take(unsigned parameter) {
    if (of_colour_ > 0) {
      const bool says_how_many = of_colour_ == kUnknown;
      of_colour_ = says_how_many ? (parameter == 2 ? 3 : 1) : of_colour_ - 1;
      return true;
    }
    if (parameter == 38 || parameter == 48 || parameter == 58) of_colour_ = kUnknown;
    return parameter != 8;
  }

 private:
  static constexpr unsigned kUnknown = 4;
  unsigned of_colour_ = 0;  // parameters that still belong to the colour
};

/// The length of the SGR sequence (ECMA-48 8.3.117) at the start of `text`, 0 if there is none. Refuses "concealed"
/// (8).
std::size_t colour_sequence(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  SgrParameters parameters;
  unsigned parameter = 0;
  for (std::size_t i = 2; i < text.size() && i < kLongestColourSequence; ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9') {
      parameter = std::min(parameter * 10 + static_cast<unsigned>(c - '0'), 1000U);
      continue;
    }
    if ((c != ';' && c != ':' && c != 'm') || !parameters.take(parameter)) return 0;
    if (c == 'm') return i + 1;
    parameter = 0;
  }
  return 0;
}

void append_control(std::string& out, unsigned char c) {
  out.push_back('^');
  out.push_back(c == 0x7f ? '?' : static_cast<char>(c + 0x40));
}

/// Appends the character or byte at the start of `rest`; returns its length.
std::size_t append_one(std::string& out, std::string_view rest, TerminalText keep) {
  const auto c = static_cast<unsigned char>(rest[0]);
  if (c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7f)) return out.push_back(rest[0]), 1;
  if (c == '\r' && rest.size() > 1 && rest[1] == '\n') return 1;
  if (c == 0x1b && keep == TerminalText::kKeepColours) {
    const std::size_t size = colour_sequence(rest);
    if (size > 0) return out.append(rest.substr(0, size)), size;
  }
  if (c < 0x80) return append_control(out, c), 1;
  const CodePoint point = decode(rest);
  if (point.size == 0) return fmt::format_to(std::back_inserter(out), "\\x{:02x}", c), 1;
  if (point.value < 0xa0) {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", point.value);
  } else if (reorders(point.value)) {
    fmt::format_to(std::back_inserter(out), "<U+{:04X}>", point.value);
  } else {
    out.append(rest.substr(0, point.size));
  }
  return point.size;
}

}  // namespace

void append_harmless(std::string& out, std::string_view text, TerminalText keep) {
  while (!text.empty()) text.remove_prefix(append_one(out, text, keep));
}

std::string harmless(std::string_view text) {
  std::string out;
  append_harmless(out, text, TerminalText::kPlain);
  return out;
}

std::string harmless_json(std::string_view json) {
  std::string out;
  while (!json.empty()) {
    const CodePoint point = decode(json);
    const bool hidden = point.size > 0 && ((point.value >= 0x7f && point.value < 0xa0) || reorders(point.value));
    if (hidden)
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", point.value);
    else
      out.append(json.substr(0, std::max<std::size_t>(point.size, 1)));
    json.remove_prefix(std::max<std::size_t>(point.size, 1));
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (const char c : text) width += is_continuation(c) ? 0U : 1U;
  return width;
}

}  // namespace sluice::cli
