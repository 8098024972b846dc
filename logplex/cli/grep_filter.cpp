#include "logplex/cli/grep_filter.hpp"

#include <re2/re2.h>

#include "logplex/cli/view/cli_error.hpp"

namespace sluice::cli {
namespace {

/// Replaces \Q...\E, which quotes characters literally, with single escapes: RE2 would not read our escapes inside it.
std::string without_quoting(std::string_view expression) {
  std::string out;
  while (!expression.empty()) {
    if (expression.starts_with("\\Q")) {
      expression.remove_prefix(2);
      const std::size_t end = std::min(expression.find("\\E"), expression.size());
      out += re2::RE2::QuoteMeta(re2::StringPiece(expression.data(), end));
      expression.remove_prefix(std::min(end + 2, expression.size()));
      continue;
    }
    const std::size_t taken = expression[0] == '\\' ? std::min<std::size_t>(2, expression.size()) : 1;
    out += expression.substr(0, taken);
    expression.remove_prefix(taken);
  }
  return out;
}

std::string_view escape_for(char c) {
  switch (c) {
    case ' ':
      return "\\x20";
    case '\t':
      return "\\x09";
    case '\n':
      return "\\x0a";
    case '\r':
      return "\\x0d";
    case '"':
      return "\\x22";
    case '\'':
      return "\\x27";
    default:
      return {};
  }
}

}  // namespace

result<std::string, Error> grep_term(std::string_view expression) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  const re2::RE2 compiled(re2::StringPiece(expression.data(), expression.size()), options);
  if (!compiled.ok()) return usage_error("--grep: " + compiled.error());
  std::string term = "text~";
  const std::string plain = without_quoting(expression);
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const bool escaped = plain[i] == '\\' && i + 1 < plain.size();
    const std::string_view escape = escape_for(escaped ? plain[i + 1] : plain[i]);
    if (!escape.empty()) {
      term += escape;
    } else {
      term += plain.substr(i, escaped ? 2 : 1);
    }
    if (escaped) ++i;
  }
  return term;
}

}  // namespace sluice::cli
