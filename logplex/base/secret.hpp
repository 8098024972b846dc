#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace sluice {

/// True when both are equal; the time depends on the lengths only, never on the bytes.
bool equal_in_constant_time(std::string_view a, std::string_view b);

/// A password, key or token. It cannot be formatted, streamed or compared by accident; reveal() marks each use.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  /// The value, for the one place that must send, store or hash it.
  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }
  bool matches(std::string_view candidate) const { return equal_in_constant_time(value_, candidate); }

  friend bool operator==(const Secret& a, const Secret& b) { return a.matches(b.value_); }

 private:
  std::string value_;
};

}  // namespace sluice
