#pragma once

#include <cstddef>
#include <string_view>

namespace sluice {

/// A line's text without its final newline, for readers that get it as one value: some senders add a newline, which has
/// no meaning.
inline std::string_view without_newline(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

/// The position of the first carriage return or line feed; the size when there is none. A loop: find_first_of() calls
/// memchr() for each byte.
inline std::size_t end_of_line(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && text[at] != '\n' && text[at] != '\r') ++at;
  return at;
}

}  // namespace sluice
