#pragma once

#include <array>
#include <cstdint>

#include "drains/kinds/error_class.hpp"

namespace sluice::drains {

/// How often delivery to a drain's receiver failed, by class of error. A plain value.
class ErrorCounts {
 public:
  /// kNone counts as kOther: something failed, and nobody said what.
  void count(ErrorClass error_class) {
    ++counts_[place_of(error_class == ErrorClass::kNone ? ErrorClass::kOther : error_class)];
  }
  void add(const ErrorCounts& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  }
  std::uint64_t of(ErrorClass error_class) const { return counts_[place_of(error_class)]; }
  /// Calls visit(class, count) for each class whose count is not 0.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t i = 0; i < counts_.size(); ++i)
      if (counts_[i] > 0) visit(static_cast<ErrorClass>(i), counts_[i]);
  }

 private:
  static constexpr std::size_t place_of(ErrorClass error_class) { return static_cast<std::size_t>(error_class); }

  std::array<std::uint64_t, kErrorClassNames.size()> counts_{};
};

}  // namespace sluice::drains
