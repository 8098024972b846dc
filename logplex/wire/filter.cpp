#include "logplex/wire/filter.hpp"

#include <algorithm>

#include "logplex/base/check.hpp"
#include "logplex/wire/filter_term.hpp"
#include "logplex/wire/json_fields.hpp"
#include "logplex/wire/logfmt.hpp"
#include "logplex/wire/newline.hpp"

namespace sluice {
namespace {

using Term = Filter::Term;
using Subject = Term::Subject;
using Operator = Term::Operator;

/// A LineView with RecordView's accessors, so that matching is written once.
struct LineFields {
  const LineView& line;
  std::uint8_t pri() const { return line.pri; }
  std::string_view source() const { return line.source; }
  std::string_view process() const { return line.process; }
  std::string_view host() const { return line.host; }
  std::string_view msgid() const { return line.msgid; }
  std::string_view text() const { return line.text; }
};

bool compares(double left, Operator op, double right) {
  switch (op) {
    case Operator::kEqual:
      return left == right;
    case Operator::kLess:
      return left < right;
    case Operator::kAtMost:
      return left <= right;
    case Operator::kGreater:
      return left > right;
    case Operator::kAtLeast:
      return left >= right;
    case Operator::kMatches:
      return false;
  }
  return false;
}

/// Seconds are compared with seconds; where either side has no unit, the numbers as they stand.
bool number_matches(const Term& term, std::string_view value) {
  const auto number = parse_quantity(value);
  if (!number) return false;
  if (number->has_unit && term.has_unit) return compares(number->value, term.op, term.number);
  const auto bare = [](std::string_view text) {
    return parse_quantity(text.substr(0, text.find_first_of("mus"))).value_or(Quantity{0, false}).value;
  };
  return compares(bare(value), term.op, bare(term.value));
}

bool text_matches(const Term& term, std::string_view value) {
  if (term.regex) return term.regex->Match(value, 0, value.size(), re2::RE2::UNANCHORED, nullptr, 0);
  return value == term.value;
}

/// `web` names web and every web.N.
bool process_matches(const Term& term, std::string_view process) {
  if (term.regex) return text_matches(term, process);
  if (!process.starts_with(term.value)) return false;
  return process.size() == term.value.size() || process[term.value.size()] == '.';
}

bool field_matches(const Term& term, std::string_view text) {
  const auto raw = is_json_object(text) ? find_json_member(text, term.name) : find_logfmt(text, term.name);
  if (!raw) return false;
  std::string storage;
  const std::string_view value = unescaped(*raw, storage);
  const bool is_text = term.op == Operator::kEqual || term.op == Operator::kMatches;
  return is_text ? text_matches(term, value) : number_matches(term, value);
}

template <class Line>
bool holds(const Term& term, const Line& line) {
  switch (term.subject) {
    case Subject::kSource:
      return text_matches(term, line.source());
    case Subject::kProcess:
      return process_matches(term, line.process());
    case Subject::kLevel:
      return compares(severity_of(line.pri()), term.op, term.number);
    case Subject::kHost:
      return text_matches(term, line.host());
    case Subject::kMsgid:
      return text_matches(term, line.msgid());
    case Subject::kText:
      return text_matches(term, without_newline(line.text()));
    case Subject::kField:
      return field_matches(term, line.text());
  }
  return false;
}

template <class Line>
bool all_hold(const std::vector<Term>& terms, const Line& line) {
  for (const Term& term : terms)
    if (holds(term, line) == term.negated) return false;
  return true;
}

/// Cuts the next term off, up to a blank outside quotes.
std::string_view take_term(std::string_view& rest) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < rest.size() && (quoted || rest[end] != ' '); ++end) {
    if (rest[end] == '"') quoted = !quoted;
    if (quoted && rest[end] == '\\' && end + 1 < rest.size()) ++end;
  }
  const std::string_view term = rest.substr(0, end);
  rest.remove_prefix(end);
  return term;
}

bool needs_quotes(std::string_view value) { return value.find_first_of(" \"") != std::string_view::npos; }

void append_value(std::string& out, std::string_view value) {
  if (!needs_quotes(value)) {
    out += value;
    return;
  }
  out += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

}  // namespace

result<Filter, Error> Filter::parse(std::string_view text) {
  if (text.size() > kMaxSize)
    return Error{WireError::kBadFilter, "filter is longer than " + std::to_string(kMaxSize) + " bytes"};
  std::vector<Term> terms;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) break;
    if (terms.size() == kMaxTerms)
      return Error{WireError::kBadFilter, "filter has more than " + std::to_string(kMaxTerms) + " terms"};
    SLUICE_TRY(Term term, parse_term(take_term(text)));
    terms.push_back(std::move(term));
  }
  Filter filter;
  if (!terms.empty()) filter.terms_ = std::make_shared<const std::vector<Term>>(std::move(terms));
  return filter;
}

bool Filter::matches(const RecordView& record) const {
  SLUICE_DCHECK(!record.is_gap());
  return !terms_ || all_hold(*terms_, record);
}

bool Filter::matches(const LineView& line) const { return !terms_ || all_hold(*terms_, LineFields{line}); }

std::string Filter::str() const {
  std::string text;
  if (!terms_) return text;
  for (const Term& term : *terms_) {
    if (!text.empty()) text += ' ';
    if (term.negated) text += '-';
    text.append(term.name).append(operator_text(term.op));
    append_value(text, term.value);
  }
  return text;
}

}  // namespace sluice
