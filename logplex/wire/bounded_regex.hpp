#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "logplex/base/result.hpp"

namespace re2 {
class RE2;
}  // namespace re2

namespace sluice {

/// A tenant's regular expression (RE2 syntax). Its program, its memory and the work of each search are bounded, so that
/// neither the expression nor the text decides how long a shard is busy.
///
/// RE2 searches with a DFA whose states it makes on demand, and falls back to an engine a hundred times slower when
/// there are too many states. Here a search gives up instead and reports it, and the line is counted. A search that
/// needs few states costs about 2 ns a byte.
///
/// Immutable. Any thread; searches of one object share a lock, so each shard compiles its own.
class BoundedRegex {
 public:
  /// Limit of the compiled program; the larger of the forward and backward one counts. `\d` is 2, a letter 1,
  /// `(abc|def){20}` 122, `\pL` about 1,200.
  static constexpr int kMostInstructions = 500;

  /// What an author did wrong.
  enum class Fault : std::uint8_t { kSyntax, kTooDear };
  struct Refusal {
    Fault fault;
    std::string why;
  };

  /// Returns nullptr and sets `refusal` when the text is not a valid expression or too expensive. Takes at most about a
  /// millisecond.
  static std::shared_ptr<const BoundedRegex> compile(const std::string& text, Refusal& refusal);
  ~BoundedRegex();

  enum class Found : std::uint8_t { kNo, kYes, kGaveUp };
  /// Whether the expression matches anywhere in the text. Adds the cost to `work`, roughly in nanoseconds.
  Found search(std::string_view text, std::uint64_t& work) const;

  int instructions() const { return instructions_; }
  /// The most bytes that program and states take.
  std::size_t memory() const { return memory_; }

 private:
  BoundedRegex() = default;

  std::unique_ptr<re2::RE2> regex_;
  int instructions_ = 0;
  std::size_t memory_ = 0;
};

}  // namespace sluice
