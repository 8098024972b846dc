#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice {

/// Copies the first and the last piece of a text; they overlap when the text is shorter than two pieces.
template <class Piece>
void copy_ends(std::string_view text, char* out) {
  Piece first;
  Piece last;
  std::memcpy(&first, text.data(), sizeof first);
  std::memcpy(&last, text.data() + text.size() - sizeof last, sizeof last);
  std::memcpy(out, &first, sizeof first);
  std::memcpy(out + text.size() - sizeof last, &last, sizeof last);
}

/// Copies fewer than 16 bytes; touches no byte beyond them. Avoids a call: memcpy takes about 20 instructions for a few
/// bytes.
inline void copy_short(std::string_view text, char* out) {
  if (text.size() >= 8) return copy_ends<std::uint64_t>(text, out);
  if (text.size() >= 4) return copy_ends<std::uint32_t>(text, out);
  if (text.empty()) return;
  // The first, the middle and the last byte cover one to three bytes.
  const std::size_t middle = text.size() / 2;
  const std::size_t last = text.size() - 1;
  out[0] = text[0];
  out[middle] = text[middle];
  out[last] = text[last];
}

/// Copies a text that is usually short, and returns the end of the copy.
inline char* copy_text(std::string_view text, char* out) {
  if (text.size() < 16)
    copy_short(text, out);
  else
    std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

}  // namespace sluice
