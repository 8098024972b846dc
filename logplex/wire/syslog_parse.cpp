#include "logplex/wire/syslog_parse.hpp"

#include <emmintrin.h>

#include <array>
#include <bit>
#include <cstdint>

namespace sluice {
namespace {

constexpr std::size_t kHeaderFields = 5;  // TIME HOST APP PROCID MSGID
constexpr std::size_t kFieldMax = 255;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
/// Space and the control characters below it: what ends a header field.
bool ends_field(char c) { return static_cast<unsigned char>(c) <= ' '; }

struct Priority {
  std::uint8_t value;
  std::size_t size;  // of `<PRI>`
};

/// `<PRI>` at the start, 0 to 191, without leading zeros: a priority is passed on byte for byte.
std::optional<Priority> parse_priority(std::string_view message) {
  if (message.size() < 3 || message[0] != '<') return std::nullopt;
  unsigned value = 0;
  std::size_t at = 1;
  while (at < message.size() && at < 4 && is_digit(message[at])) value = value * 10 + unsigned(message[at++] - '0');
  const bool padded = message[1] == '0' && at > 2;
  if (at == 1 || padded || value > 191 || at == message.size() || message[at] != '>') return std::nullopt;
  return Priority{static_cast<std::uint8_t>(value), at + 1};
}

/// Bit i is set when byte i of the 16 at `at` ends a field.
unsigned field_ends_in_16(const char* at) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(' ')), bytes);
  return static_cast<unsigned>(_mm_movemask_epi8(low));
}

/// Collects where the first header fields end. 16 bytes at a time: 18 ns a line against 33 bytewise (2026-11-22).
class FieldEnds {
 public:
  explicit FieldEnds(std::string_view header) : text_(header) {}

  /// False when there are fewer than five ends.
  bool find() {
    std::size_t at = 0;
    for (; at + 16 <= text_.size() && found_ < kHeaderFields; at += 16) take(at, field_ends_in_16(text_.data() + at));
    for (; at < text_.size() && found_ < kHeaderFields; ++at)
      if (ends_field(text_[at])) ends_[found_++] = at;
    // The last field may end with the message: no structured data, no text.
    if (found_ == kHeaderFields - 1) ends_[found_++] = text_.size();
    return found_ == kHeaderFields;
  }

  std::size_t end_of(std::size_t i) const { return ends_[i]; }

 private:
  void take(std::size_t base, unsigned mask) {
    for (; mask != 0 && found_ < kHeaderFields; mask &= mask - 1)
      ends_[found_++] = base + static_cast<std::size_t>(std::countr_zero(mask));
  }

  std::string_view text_;
  std::array<std::size_t, kHeaderFields> ends_{};
  std::size_t found_ = 0;
};

/// Size of one `[ID NAME="VALUE" ...]` at the start of `text`; 0 when there is none. Values may hold `\]`.
std::size_t sd_element_size(std::string_view text) {
  if (text.size() < 3 || text[0] != '[') return 0;
  std::size_t at = 1;
  while (at < text.size() && !ends_field(text[at]) && text[at] != ']' && text[at] != '=' && text[at] != '"') ++at;
  if (at == 1 || at == text.size()) return 0;
  if (text[at] == ']') return at + 1;
  if (text[at] != ' ') return 0;
  bool has_value = false;
  for (; at < text.size() && text[at] != ']'; ++at) {
    if (text[at] == '\\')
      ++at;
    else if (text[at] == '"' && text[at - 1] == '=')
      has_value = true;
  }
  return at < text.size() && has_value ? at + 1 : 0;
}

/// Size of the structured data at the start of `text`; 0 when what stands there is text.
std::size_t sd_size(std::string_view text) {
  if (text.empty()) return 0;
  std::size_t at = text[0] == '-' ? 1 : 0;
  while (at < text.size() && text[0] == '[') {
    const std::size_t element = sd_element_size(text.substr(at));
    if (element == 0) break;
    at += element;
  }
  return at == text.size() || text[at] == ' ' ? at : 0;
}

void take_sd_and_text(std::string_view rest, LineView& line) {
  const std::size_t sd = sd_size(rest);
  line.structured_data = rest.substr(0, sd);
  if (sd > 0) rest.remove_prefix(sd < rest.size() ? sd + 1 : sd);
  line.text = rest;
}

}  // namespace

std::optional<LineView> parse_syslog(std::string_view message) {
  const auto priority = parse_priority(message);
  if (!priority || !message.substr(priority->size).starts_with("1 ")) return std::nullopt;
  const std::string_view header = message.substr(priority->size + 2);
  FieldEnds ends(header);
  if (!ends.find()) return std::nullopt;
  std::array<std::string_view, kHeaderFields> fields;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < kHeaderFields; ++i) {
    const std::size_t end = ends.end_of(i);
    if (end == begin || end - begin > kFieldMax) return std::nullopt;
    if (end < header.size() && header[end] != ' ') return std::nullopt;
    fields[i] = header.substr(begin, end - begin);
    begin = end + 1;
  }
  LineView line{priority->value, {}, fields[0], fields[1], fields[2], fields[3], fields[4], {}, {}};
  if (begin <= header.size()) take_sd_and_text(header.substr(begin), line);
  return line;
}

LineView parse_or_wrap(std::string_view message, std::string_view now) {
  if (auto line = parse_syslog(message)) return *line;
  LineView line;
  if (const auto priority = parse_priority(message)) line.pri = priority->value;
  line.time = now;
  line.text = message;
  return line;
}

std::optional<Uuid> parse_token(std::string_view field) {
  if (!field.starts_with("t.")) return std::nullopt;
  return Uuid::parse(field.substr(2));
}

std::optional<Uuid> find_token(std::string_view message) {
  std::size_t at = 0;
  for (int field = 1; field < 4; ++field) {
    at = message.find(' ', at);
    if (at == std::string_view::npos) return std::nullopt;
    at = message.find_first_not_of(' ', at);
    if (at == std::string_view::npos) return std::nullopt;
  }
  return parse_token(message.substr(at, message.find(' ', at) - at));
}

}  // namespace sluice
