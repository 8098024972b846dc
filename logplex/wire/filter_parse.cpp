#include <array>
#include <charconv>
#include <cmath>

#include "logplex/wire/filter_term.hpp"
#include "logplex/wire/render.hpp"

namespace sluice {
namespace {

using Term = Filter::Term;
using Subject = Term::Subject;
using Operator = Term::Operator;

struct Named {
  std::string_view name;
  Subject subject;
};
constexpr std::array<Named, 6> kSubjects = {{{"source", Subject::kSource},
                                             {"proc", Subject::kProcess},
                                             {"level", Subject::kLevel},
                                             {"host", Subject::kHost},
                                             {"msgid", Subject::kMsgid},
                                             {"text", Subject::kText}}};

struct Spelled {
  std::string_view text;
  Operator op;
};
/// Longer spellings first.
constexpr std::array<Spelled, 6> kOperators = {{{"<=", Operator::kAtMost},
                                                {">=", Operator::kAtLeast},
                                                {"<", Operator::kLess},
                                                {">", Operator::kGreater},
                                                {"=", Operator::kEqual},
                                                {"~", Operator::kMatches}}};

/// A longer text is not read as a number.
constexpr std::size_t kLongestNumber = 64;

Error refused(std::string_view term, std::string_view why) {
  return {WireError::kBadFilter, "filter term '" + std::string(term) + "': " + std::string(why)};
}

bool is_name_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > ' ' && byte != 0x7f && std::string_view("\"\\<>=~!").find(c) == std::string_view::npos;
}

Subject subject_of(std::string_view name) {
  for (const Named& known : kSubjects)
    if (known.name == name) return known.subject;
  return Subject::kField;
}

bool take_operator(std::string_view& rest, Operator& op) {
  for (const Spelled& spelled : kOperators) {
    if (!rest.starts_with(spelled.text)) continue;
    op = spelled.op;
    rest.remove_prefix(spelled.text.size());
    return true;
  }
  return false;
}

/// The value without its quotes; false when they do not match.
bool take_value(std::string_view rest, std::string& value) {
  if (!rest.starts_with('"')) {
    value = rest;
    return rest.find('"') == std::string_view::npos;
  }
  if (rest.size() < 2 || rest.back() != '"') return false;
  rest = rest.substr(1, rest.size() - 2);
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '"') return false;
    const bool escape = rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\');
    value += rest[escape ? ++i : i];
  }
  return true;
}

std::optional<double> level_of(std::string_view text) {
  if (text.size() == 1 && text[0] >= '0' && text[0] <= '7') return text[0] - '0';
  if (text == "error") text = "err";
  if (text == "warn") text = "warning";
  for (std::uint8_t severity = 0; severity < 8; ++severity)
    if (severity_name(severity) == text) return severity;
  return std::nullopt;
}

result<Term, Error> with_level(Term term, std::string_view text) {
  const auto level = level_of(term.value);
  if (term.op == Operator::kMatches || !level)
    return refused(text, "a level is compared with emerg, alert, crit, err, warning, notice, info, debug or 0 to 7");
  term.number = *level;
  return term;
}

result<Term, Error> with_regex(Term term, std::string_view text) {
  BoundedRegex::Refusal refusal{};
  term.regex = BoundedRegex::compile(term.value, refusal);
  if (term.regex != nullptr) return term;
  Error error = refused(text, refusal.why);
  if (refusal.fault == BoundedRegex::Fault::kTooDear) error.code = WireError::kDearFilter;
  return error;
}

result<Term, Error> with_number(Term term, std::string_view text) {
  const auto number = parse_quantity(term.value);
  if (!number) return refused(text, "<, <=, > and >= need a number");
  if (term.subject != Subject::kField) return refused(text, "use = or ~ with " + term.name);
  term.number = number->value;
  term.has_unit = number->has_unit;
  return term;
}

}  // namespace

std::string_view operator_text(Operator op) {
  for (const Spelled& spelled : kOperators)
    if (spelled.op == op) return spelled.text;
  return "?";
}

std::optional<Quantity> parse_quantity(std::string_view text) {
  if (text.size() > kLongestNumber) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !std::isfinite(value)) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit.empty()) return Quantity{value, false};
  if (unit == "us") return Quantity{value / 1e6, true};
  if (unit == "ms") return Quantity{value / 1e3, true};
  if (unit == "s") return Quantity{value, true};
  return std::nullopt;
}

result<Term, Error> parse_term(std::string_view text) {
  std::string_view rest = text;
  Term term;
  term.negated = rest.starts_with('-');
  if (term.negated) rest.remove_prefix(1);
  while (!rest.empty() && is_name_byte(rest[0])) {
    term.name += rest[0];
    rest.remove_prefix(1);
  }
  if (term.name.empty() || !take_operator(rest, term.op))
    return refused(text, "expected a name, one of = ~ < <= > >=, and a value, such as source=app or text~timeout");
  term.subject = subject_of(term.name);
  if (!take_value(rest, term.value)) return refused(text, "quotes do not match");
  if (term.value.empty()) return refused(text, "the value is missing");
  if (term.subject == Subject::kLevel) return with_level(std::move(term), text);
  if (term.op == Operator::kMatches) return with_regex(std::move(term), text);
  if (term.op != Operator::kEqual) return with_number(std::move(term), text);
  return term;
}

}  // namespace sluice
