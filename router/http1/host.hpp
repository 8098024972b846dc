#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice::router::http1 {

/// The host from a Host field, lower-cased and without its port. An IPv6 address keeps its brackets.
class Host {
 public:
  static constexpr std::size_t kLongest = 255;

  /// False when the value is empty, is over 255 characters, is neither a name of letters, digits and `-._~` nor a
  /// bracketed IPv6 address, or has a port that is not a number up to 65535. (RFC 3986 allows more characters in names,
  /// but no DNS name has them, and they would have to be escaped wherever the name is shown.)
  bool parse(std::string_view value);
  void clear() { size_ = 0; }

  std::string_view name() const { return {name_.data(), size_}; }
  bool empty() const { return size_ == 0; }

 private:
  bool parse_unusual(std::string_view value);

  std::uint8_t size_ = 0;
  std::array<char, kLongest> name_{};
};

}  // namespace sluice::router::http1
