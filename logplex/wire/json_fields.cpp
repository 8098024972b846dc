#include "logplex/wire/json_fields.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

namespace sluice {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

/// Reads forward over a JSON text; after every step, the next byte is one that was not read yet.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}
  std::string_view rest() const { return rest_; }

  bool take(char c) {
    skip_blanks();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// Reads a string; returns what is between its quotes.
  std::optional<std::string_view> string() {
    if (!take('"')) return std::nullopt;
    for (std::size_t i = 0; i < rest_.size(); ++i) {
      if (rest_[i] == '\\')
        ++i;
      else if (rest_[i] == '"')
        return cut(i, 1);
    }
    return std::nullopt;
  }

  std::optional<std::string_view> value() {
    skip_blanks();
    if (rest_.starts_with('"')) return string();
    if (rest_.starts_with('{') || rest_.starts_with('[')) return nested();
    const std::size_t end = rest_.find_first_of(",]} \t\r\n");
    return end == std::string_view::npos || end == 0 ? std::nullopt : std::optional(cut(end, 0));
  }

 private:
  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanks), rest_.size())); }

  std::string_view cut(std::size_t size, std::size_t also) {
    const std::string_view part = rest_.substr(0, size);
    rest_.remove_prefix(size + also);
    return part;
  }

  /// Reads a whole object or array: counts brackets and skips strings.
  std::optional<std::string_view> nested() {
    const std::string_view whole = rest_;
    std::size_t depth = 0;
    while (!rest_.empty()) {
      const char c = rest_[0];
      if (c == '"') {
        if (!string()) return std::nullopt;
        continue;
      }
      rest_.remove_prefix(1);
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return whole.substr(0, whole.size() - rest_.size());
    }
    return std::nullopt;
  }

  std::string_view rest_;
};

void append_utf8(std::string& out, unsigned code) {
  if (code >= 0xd800 && code < 0xe000) code = 0xfffd;  // half of a surrogate pair
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

char meaning_of(char escape) {
  switch (escape) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    default:
      return escape;
  }
}

/// Writes the escape that begins after the backslash at `at`; returns where it ends.
std::size_t append_escape(std::string_view value, std::size_t at, std::string& out) {
  if (value[at] == 'u' && at + 4 < value.size()) {
    unsigned code = 0;
    const char* digits = value.data() + at + 1;
    if (std::from_chars(digits, digits + 4, code, 16).ptr == digits + 4) {
      append_utf8(out, code);
      return at + 5;
    }
  }
  out += meaning_of(value[at]);
  return at + 1;
}

}  // namespace

bool is_json_object(std::string_view text) { return Reader(text).take('{'); }

bool JsonMemberScanner::next() {
  Reader reader(rest_);
  if (!reader.take(std::exchange(before_, ','))) return false;
  const auto name = reader.string();
  if (!name || !reader.take(':')) return false;
  const auto value = reader.value();
  if (!value) return false;
  key_ = *name;
  value_ = *value;
  rest_ = reader.rest();
  return true;
}

std::optional<std::string_view> find_json_member(std::string_view text, std::string_view key) {
  JsonMemberScanner scanner(text);
  while (scanner.next())
    if (scanner.key() == key) return scanner.value();
  return std::nullopt;
}

std::string_view unescaped(std::string_view value, std::string& storage) {
  std::size_t at = value.find('\\');
  if (at == std::string_view::npos) return value;
  storage.assign(value.substr(0, at));
  while (at < value.size()) {
    if (value[at] == '\\' && at + 1 < value.size()) {
      at = append_escape(value, at + 1, storage);
    } else {
      storage += value[at++];
    }
  }
  return storage;
}

}  // namespace sluice
