#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "logplex/wire/bounded_regex.hpp"
#include "logplex/wire/filter.hpp"
#include "logplex/wire/line_fields.hpp"

namespace sluice {

/// One condition of a filter. Only filter*.cpp include this.
struct Filter::Term {
  enum class Subject : std::uint8_t { kSource, kProcess, kLevel, kHost, kMsgid, kText, kField };
  enum class Operator : std::uint8_t { kEqual, kMatches, kLess, kAtMost, kGreater, kAtLeast };

  bool negated = false;
  Subject subject = Subject::kField;
  Operator op = Operator::kEqual;
  std::string name;   // as written: source, status, ...
  std::string value;  // without quotes
  double number = 0;  // the value of a comparison, a level's severity
  bool has_unit = false;
  std::uint8_t field = 0;  // of a term over a field: its number in Terms::fields
  std::shared_ptr<const BoundedRegex> regex;
};

/// All terms of a filter.
struct Filter::Terms {
  std::vector<Term> written;        // in the author's order
  std::vector<std::uint8_t> order;  // in which they are checked: cheap terms first
  FieldNames fields;
};

/// A number with an optional us, ms or s, in seconds when it has one.
struct Quantity {
  double value;
  bool has_unit;
};
std::optional<Quantity> parse_quantity(std::string_view text);

/// One term of the language, without the blanks around it.
result<Filter::Term, Error> parse_term(std::string_view text);
std::string_view operator_text(Filter::Term::Operator op);

}  // namespace sluice
