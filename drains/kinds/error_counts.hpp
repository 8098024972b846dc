#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice::drains {

/// How often delivery to a drain's receiver failed, by class of error (SendReport::error_class). A plain value.
class ErrorCounts {
 public:
  /// An unknown class counts as "other".
  void count(std::string_view error_class) { ++counts_[place_of(error_class)]; }
  void add(const ErrorCounts& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  }
  std::uint64_t of(std::string_view error_class) const { return counts_[place_of(error_class)]; }
  /// Calls visit(class, count) for each class whose count is not 0.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t i = 0; i < counts_.size(); ++i)
      if (counts_[i] > 0) visit(kClasses[i], counts_[i]);
  }

 private:
  static constexpr std::array<std::string_view, 16> kClasses = {
      "other", "dns",  "connect",       "tls",   "timeout",   "http",  "refused_address", "closed",
      "limit", "auth", "authorization", "topic", "too_large", "fatal", "configuration",   "record"};

  static constexpr std::size_t place_of(std::string_view error_class) {
    for (std::size_t i = 0; i < kClasses.size(); ++i)
      if (kClasses[i] == error_class) return i;
    return 0;
  }

  std::array<std::uint64_t, kClasses.size()> counts_{};
};

}  // namespace sluice::drains
