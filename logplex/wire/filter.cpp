#include "logplex/wire/filter.hpp"

#include <algorithm>
#include <utility>

#include "logplex/base/bytes/utf8.hpp"
#include "logplex/base/check.hpp"
#include "logplex/wire/filter_cache.hpp"
#include "logplex/wire/filter_term.hpp"
#include "logplex/wire/newline.hpp"

namespace sluice {
namespace {

using Term = Filter::Term;
using Subject = Term::Subject;
using Operator = Term::Operator;

/// The cost of checking one term, without regular expressions and fields.
constexpr std::uint64_t kWorkPerTerm = 20;

/// A LineView with RecordView's accessors, so that matching is written once.
struct LineParts {
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

/// Compares seconds when both sides have a unit; otherwise the numbers as written.
bool number_matches(const Term& term, std::string_view value) {
  const auto number = parse_quantity(value);
  if (!number) return false;
  if (number->has_unit && term.has_unit) return compares(number->value, term.op, term.number);
  const auto bare = [](std::string_view text) {
    return parse_quantity(text.substr(0, text.find_first_of("mus"))).value_or(Quantity{0, false}).value;
  };
  return compares(bare(value), term.op, bare(term.value));
}

/// Checks one line against the terms.
template <class Line>
class Check {
 public:
  Check(const Filter::Terms& terms, const Line& line, Filter::Tally& tally)
      : terms_(terms), line_(line), tally_(tally) {}

  bool all_hold() {
    for (const std::uint8_t at : terms_.order) {
      const Term& term = terms_.written[at];
      tally_.work += kWorkPerTerm;
      if (holds(term) == term.negated || gave_up_) return end();
    }
    return true;
  }

 private:
  bool end() {
    if (gave_up_) ++tally_.gave_up;
    return false;
  }

  bool holds(const Term& term) {
    switch (term.subject) {
      case Subject::kSource:
        return text_matches(term, line_.source());
      case Subject::kProcess:
        return process_matches(term, line_.process());
      case Subject::kLevel:
        return compares(severity_of(line_.pri()), term.op, term.number);
      case Subject::kHost:
        return text_matches(term, line_.host());
      case Subject::kMsgid:
        return text_matches(term, line_.msgid());
      case Subject::kText:
        return text_matches(term, without_newline(line_.text()));
      case Subject::kField:
        return field_matches(term);
    }
    return false;
  }

  bool text_matches(const Term& term, std::string_view value) {
    if (!term.regex) return value == term.value;
    const auto found = term.regex->search(value, tally_.work);
    gave_up_ = found == BoundedRegex::Found::kGaveUp;
    return found == BoundedRegex::Found::kYes;
  }

  /// `web` names web and every web.N.
  bool process_matches(const Term& term, std::string_view process) {
    if (term.regex) return text_matches(term, process);
    if (!process.starts_with(term.value)) return false;
    return process.size() == term.value.size() || process[term.value.size()] == '.';
  }

  /// Reads the fields when the first term needs one. `fields` is reused from line to line, because it is large.
  bool field_matches(const Term& term) {
    thread_local LineFields fields;
    if (!std::exchange(fields_are_read_, true)) fields.read(terms_.fields, line_.text(), tally_.work);
    const std::string_view* value = fields.value(term.field);
    if (value == nullptr) return false;
    const bool is_text = term.op == Operator::kEqual || term.op == Operator::kMatches;
    return is_text ? text_matches(term, *value) : number_matches(term, *value);
  }

  const Filter::Terms& terms_;
  const Line& line_;
  Filter::Tally& tally_;
  bool fields_are_read_ = false;
  bool gave_up_ = false;
};

/// Cheap terms come first, because most lines fail at one of them.
int dearness(const Term& term) {
  if (term.subject == Subject::kField) return term.regex ? 2 : 1;
  return term.regex ? 3 : 0;
}

void put_in_order(Filter::Terms& terms) {
  for (std::size_t i = 0; i < terms.written.size(); ++i) terms.order.push_back(static_cast<std::uint8_t>(i));
  std::stable_sort(terms.order.begin(), terms.order.end(), [&terms](std::uint8_t left, std::uint8_t right) {
    return dearness(terms.written[left]) < dearness(terms.written[right]);
  });
}

/// Cuts off the next term, which ends at a blank outside quotes.
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
  thread_local FilterCache cache;
  if (const Filter* known = cache.find(text); known != nullptr) return *known;
  SLUICE_TRY(Filter filter, parse_anew(text));
  cache.add(text, filter);
  return filter;
}

result<Filter, Error> Filter::parse_anew(std::string_view text) {
  if (text.size() > kMaxSize)
    return Error{WireError::kBadFilter, "filter is longer than " + std::to_string(kMaxSize) + " bytes"};
  if (!is_plain_text(text))
    return Error{WireError::kBadFilter,
                 "filter must be text without control characters; in an expression \\t is a tab"};
  Terms terms;
  int instructions = 0;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) break;
    if (terms.written.size() == kMaxTerms)
      return Error{WireError::kBadFilter, "filter has more than " + std::to_string(kMaxTerms) + " terms"};
    SLUICE_TRY(Term term, parse_term(take_term(text)));
    if (term.subject == Subject::kField) term.field = terms.fields.add(term.name);
    instructions += term.regex ? term.regex->instructions() : 0;
    if (instructions > kMostInstructions)
      return Error{WireError::kDearFilter, "the filter's regular expressions have more than " +
                                               std::to_string(kMostInstructions) + " instructions in all"};
    terms.written.push_back(std::move(term));
  }
  Filter filter;
  put_in_order(terms);
  if (!terms.written.empty()) filter.terms_ = std::make_shared<const Terms>(std::move(terms));
  return filter;
}

bool Filter::matches(const RecordView& record, Tally& tally) const {
  SLUICE_DCHECK(!record.is_gap());
  return !terms_ || Check(*terms_, record, tally).all_hold();
}

bool Filter::matches(const LineView& line, Tally& tally) const {
  const LineParts parts{line};
  return !terms_ || Check(*terms_, parts, tally).all_hold();
}

std::string Filter::str() const {
  std::string text;
  if (!terms_) return text;
  for (const Term& term : terms_->written) {
    if (!text.empty()) text += ' ';
    if (term.negated) text += '-';
    text.append(term.name).append(operator_text(term.op));
    append_value(text, term.value);
  }
  return text;
}

std::size_t Filter::memory() const {
  if (!terms_) return 0;
  std::size_t bytes = sizeof(Terms);
  for (const Term& term : terms_->written) bytes += sizeof term + (term.regex ? term.regex->memory() : 0);
  return bytes;
}

int Filter::instructions() const {
  int sum = 0;
  if (!terms_) return sum;
  for (const Term& term : terms_->written) sum += term.regex ? term.regex->instructions() : 0;
  return sum;
}

}  // namespace sluice
