#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

/// Walks the top-level members of a JSON object in one pass, without allocating. The value of a string is what is
/// between its quotes, with escapes unchanged; any other value is its JSON text. Ends where the text is no object, or
/// breaks off. This is a lookup, not a validator.
class JsonMemberScanner {
 public:
  explicit JsonMemberScanner(std::string_view text) : rest_(text) {}

  /// Steps to the next member; false when there is none.
  bool next();
  std::string_view key() const { return key_; }
  std::string_view value() const { return value_; }

 private:
  std::string_view rest_;
  std::string_view key_;
  std::string_view value_;
  char before_ = '{';  // the byte in front of the next member
};

/// The value of the first member of that name in the JSON object `text`. Nothing when the text is not an object, or
/// breaks off before the member.
std::optional<std::string_view> find_json_member(std::string_view text, std::string_view key);

/// True when the text looks like a JSON object: its first byte that is not blank is `{`.
bool is_json_object(std::string_view text);

/// Replaces backslash escapes by what they mean (JSON's escapes, which include logfmt's). Returns a value without a
/// backslash unchanged; otherwise writes the result to `storage`.
std::string_view unescaped(std::string_view value, std::string& storage);

}  // namespace sluice
