#pragma once

#include <optional>
#include <string_view>

namespace sluice {

/// Walks the `key=value` pairs of a text of any bytes, without allocating. Skips words without `=`. A value in double
/// quotes may hold spaces and `\"`; value() leaves out the quotes and keeps the escapes. Other values end at a blank or
/// with the text.
class LogfmtScanner {
 public:
  explicit LogfmtScanner(std::string_view text) : rest_(text) {}

  /// Steps to the next pair; false when there is none.
  bool next();
  std::string_view key() const { return key_; }
  std::string_view value() const { return value_; }

 private:
  void take_value();

  std::string_view rest_;
  std::string_view key_;
  std::string_view value_;
};

/// The value of the first pair with that key.
std::optional<std::string_view> find_logfmt(std::string_view text, std::string_view key);

}  // namespace sluice
