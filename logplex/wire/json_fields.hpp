#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

/// The value of a member of the JSON object that `text` is: for a string what stands between its quotes, escapes as
/// they stand; for anything else its text. Looks at the top level only, in one pass, without allocating; a text that
/// is not an object, or breaks off before the member, has none. This is a lookup, not a validator.
std::optional<std::string_view> find_json_member(std::string_view text, std::string_view key);

/// True when the text looks like a JSON object: its first byte that is not blank is `{`.
bool is_json_object(std::string_view text);

/// A value with backslash escapes (JSON's, of which logfmt's are a part) as what it means. Without a backslash it is
/// given back as it is; otherwise it is written to `storage`.
std::string_view unescaped(std::string_view value, std::string& storage);

}  // namespace sluice
