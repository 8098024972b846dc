#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

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
/// An immutable value, cheap to copy; any thread. A regular expression is matched in linear time within bounded memory,
/// behind a lock of its own: parse once per shard (from str()) where that would be shared.
class Filter {
 public:
  static constexpr std::size_t kMaxSize = 2048;
  static constexpr std::size_t kMaxTerms = 32;

  /// Lets every line pass.
  Filter() = default;
  /// Error (kBadFilter): a sentence that quotes the term at fault.
  static result<Filter, Error> parse(std::string_view text);

  /// Lines only, never gaps.
  bool matches(const RecordView& record) const;
  bool matches(const LineView& line) const;

  bool empty() const { return terms_ == nullptr; }
  /// The canonical text: parse(str()) is the same filter.
  std::string str() const;

  struct Term;

 private:
  std::shared_ptr<const std::vector<Term>> terms_;
};

}  // namespace sluice
