#pragma once

#include <string_view>

namespace sluice {

/// A line's text for readers that get it as one value: some senders end theirs with a newline, and it says nothing.
inline std::string_view without_newline(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

}  // namespace sluice
