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

/// A regular expression (RE2 syntax) that a tenant wrote: its program, its memory and the work of each search are
/// bounded, so that neither the expression nor the text decides how long a shard is busy.
///
/// RE2 searches with a DFA whose states are made when they are first needed, and turns to an engine a hundred times
/// slower when there are too many of them. Here a search gives up instead: it says so, and the line is counted. One
/// that needs few states costs about 2 ns a byte.
///
/// Immutable. Any thread; searches of one object share a lock, so each shard compiles its own.
class BoundedRegex {
 public:
  /// Of the compiled program, forwards and backwards. `\d` is 2, a letter 1, `(abc|def){20}` 122, `\pL` about 1,200.
  static constexpr int kMostInstructions = 500;

  /// What an author did wrong.
  enum class Fault : std::uint8_t { kSyntax, kTooDear };
  struct Refusal {
    Fault fault;
    std::string why;
  };

  /// Nothing and a refusal when the text is no expression or too dear. Takes at most about a millisecond.
  static std::shared_ptr<const BoundedRegex> compile(const std::string& text, Refusal& refusal);
  ~BoundedRegex();

  enum class Found : std::uint8_t { kNo, kYes, kGaveUp };
  /// Whether it matches anywhere in the text. Adds its work, in about nanoseconds.
  Found search(std::string_view text, std::uint64_t& work) const;

  int instructions() const { return instructions_; }
  /// The most that program and states take.
  std::size_t memory() const { return memory_; }

 private:
  BoundedRegex() = default;

  std::unique_ptr<re2::RE2> regex_;
  int instructions_ = 0;
  std::size_t memory_ = 0;
};

}  // namespace sluice
