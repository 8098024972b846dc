#pragma once

#include <cstddef>
#include <string_view>

namespace sluice {

/// A line's text for readers that get it as one value: some senders end theirs with a newline, and it says nothing.
inline std::string_view without_newline(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

/// Where the first carriage return or line feed is, or the size. A loop: find_first_of() calls memchr() for each byte.
inline std::size_t end_of_line(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && text[at] != '\n' && text[at] != '\r') ++at;
  return at;
}

}  // namespace sluice
