#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "logplex/wire/error.hpp"
#include "logplex/wire/record.hpp"

namespace sluice {

/// Selects the lines that a reader wants: terms joined by spaces, all of which must hold. The same language everywhere.
///
///     source=app   proc=web (also web.1)   level<=warning   text~regex   status>=500   -term   text~"two words"
///
/// Names: source, proc, level, text, host, msgid; any other name is a field of the text, read as JSON when the text is
/// an object, else as logfmt. Operators: `=`, `~` (RE2, anywhere in the value), and for levels and fields `<` `<=` `>`
/// `>=`. Levels are emerg to debug or 0 to 7, and `level<=warning` means warning or worse. `<` `<=` `>` `>=` compare
/// fields as numbers, with or without us, ms or s. A term over a missing field does not hold; its negation does. A
/// value may stand in double quotes, where `\"` is a quote and `\\` a backslash.
///
/// Parsing bounds the cost of a filter: the number of terms, and the instructions of all regular expressions together
/// (see BoundedRegex). All terms over fields share one walk over the text. matches() adds the cost of each line to a
/// tally.
///
/// An immutable value, cheap to copy; any thread. Searching a regular expression takes its lock, so each thread parses
/// for itself; parse() caches what this thread parsed lately.
class Filter {
 public:
  static constexpr std::size_t kMaxSize = 2048;
  static constexpr std::size_t kMaxTerms = 32;
  /// Limit for all regular expressions together.
  static constexpr int kMostInstructions = 1000;

  /// Lets every line pass.
  Filter() = default;
  /// Errors: a sentence that quotes the term at fault; kBadFilter (cannot be read), kDearFilter (costs too much).
  static result<Filter, Error> parse(std::string_view text);

  /// What matching has cost so far.
  struct Tally {
    std::uint64_t work = 0;     // about nanoseconds
    std::uint64_t gave_up = 0;  // lines that a regular expression gave up on; they do not match
  };
  /// For lines only, never gaps.
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
  /// Whether both share one compiled filter.
  bool is_same_as(const Filter& other) const { return terms_ == other.terms_; }
  /// The most bytes that it takes.
  std::size_t memory() const;
  /// The instructions of all its regular expressions.
  int instructions() const;

  struct Term;
  struct Terms;

 private:
  static result<Filter, Error> parse_anew(std::string_view text);

  std::shared_ptr<const Terms> terms_;
};

}  // namespace sluice
