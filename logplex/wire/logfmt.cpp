#include "logplex/wire/logfmt.hpp"

#include <algorithm>

namespace sluice {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

std::size_t end_or_size(std::size_t at, std::string_view text) { return std::min(at, text.size()); }

/// Index of the closing quote of a value that begins after its opening one; the size of `text` when it stays open.
std::size_t closing_quote(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      return i;
  }
  return text.size();
}

}  // namespace

bool LogfmtScanner::next() {
  while (true) {
    rest_.remove_prefix(end_or_size(rest_.find_first_not_of(kBlanks), rest_));
    if (rest_.empty()) return false;
    const std::size_t end = end_or_size(rest_.find_first_of("= \t\r\n"), rest_);
    key_ = rest_.substr(0, end);
    rest_.remove_prefix(end);
    if (rest_.empty() || rest_[0] != '=') continue;
    rest_.remove_prefix(1);
    take_value();
    if (!key_.empty()) return true;
  }
}

void LogfmtScanner::take_value() {
  const bool quoted = rest_.starts_with('"');
  if (quoted) rest_.remove_prefix(1);
  const std::size_t end = quoted ? closing_quote(rest_) : end_or_size(rest_.find_first_of(kBlanks), rest_);
  value_ = rest_.substr(0, end);
  rest_.remove_prefix(end_or_size(end + (quoted ? 1 : 0), rest_));
}

std::optional<std::string_view> find_logfmt(std::string_view text, std::string_view key) {
  LogfmtScanner scanner(text);
  while (scanner.next())
    if (scanner.key() == key) return scanner.value();
  return std::nullopt;
}

}  // namespace sluice
