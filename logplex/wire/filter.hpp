#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "logplex/wire/error.hpp"
#include "logplex/wire/record.hpp"

namespace sluice {

/// Which lines a reader wants: terms joined by spaces, all of which must hold. The same language everywhere.
///
///     source=app   proc=web (also web.1)   level<=warning   text~regex   status>=500   -term   text~"two words"
///
/// Names: source, proc, level, text, host, msgid; any other is a field of the text, read as JSON when the text is an
/// object, else as logfmt. Operators: `=`, `~` (RE2, anywhere in the value), `<` `<=` `>` `>=`. Levels are emerg to
/// debug or 0 to 7, and `level<=warning` means warning or worse. Other comparisons are numeric, with or without us, ms
/// or s. A term over a missing field does not hold; its negation does. A value may stand in double quotes, in which
/// `\"` and `\\` stand for themselves.
///
/// What a filter may cost is known when it is parsed: so many terms, and regular expressions of so many instructions in
/// all (see BoundedRegex). All terms over fields share one walk over the text. What a line did cost is added to a
/// tally.
///
/// An immutable value, cheap to copy; any thread. Regular expressions are searched behind locks of their own, so each
/// thread parses for itself; parse() remembers what this thread parsed lately.
class Filter {
 public:
  static constexpr std::size_t kMaxSize = 2048;
  static constexpr std::size_t kMaxTerms = 32;
  /// Of all regular expressions together.
  static constexpr int kMostInstructions = 1000;

  /// Lets every line pass.
  Filter() = default;
  /// Errors: a sentence that quotes the term at fault; kBadFilter (cannot be read), kDearFilter (costs too much).
  static result<Filter, Error> parse(std::string_view text);

  /// What lines did cost.
  struct Tally {
    std::uint64_t work = 0;     // about nanoseconds
    std::uint64_t gave_up = 0;  // lines that a regular expression gave up on; they do not match
  };
  /// Lines only, never gaps.
  bool matches(const RecordView& record, Tally& tally) const;
  bool matches(const LineView& line, Tally& tally) const;
  template <class Line>
  bool matches(const Line& line) const {
    Tally tally;
    return matches(line, tally);
  }

  bool empty() const { return terms_ == nullptr; }
  /// The canonical text: parse(str()) is the same filter.
  std::string str() const;
  /// Compiled once, for both.
  bool is_same_as(const Filter& other) const { return terms_ == other.terms_; }
  /// The most memory that it takes.
  std::size_t memory() const;
  /// Of its regular expressions.
  int instructions() const;

  struct Term;
  struct Terms;

 private:
  static result<Filter, Error> parse_anew(std::string_view text);

  std::shared_ptr<const Terms> terms_;
};

}  // namespace sluice
