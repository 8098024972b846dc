#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

/// Walks the members of the JSON object that a text is, at its top level, in one pass and without allocating. A value
/// is for a string what stands between its quotes, escapes as they stand; for anything else its text. Ends where the
/// text is no object, or breaks off. This is a lookup, not a validator.
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
  char before_ = '{';  // what stands before the next member
};

/// The value of a member of the JSON object that `text` is, the first of that name; a text that is not an object, or
/// breaks off before the member, has none.
std::optional<std::string_view> find_json_member(std::string_view text, std::string_view key);

/// True when the text looks like a JSON object: its first byte that is not blank is `{`.
bool is_json_object(std::string_view text);

/// A value with backslash escapes (JSON's, of which logfmt's are a part) as what it means. Without a backslash it is
/// given back as it is; otherwise it is written to `storage`.
std::string_view unescaped(std::string_view value, std::string& storage);

}  // namespace sluice
