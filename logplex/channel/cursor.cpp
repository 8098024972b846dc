#include "logplex/channel/cursor.hpp"

#include <charconv>

#include <fmt/core.h>

namespace sluice {
namespace {

constexpr std::size_t kDigits = 16;
constexpr std::size_t kTextSize = 2 * kDigits + 1;

/// Exactly sixteen lower-case digits.
bool read_hex(std::string_view text, std::uint64_t& out) {
  for (const char c : text) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out, 16);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

}  // namespace

const char* to_text(CursorError error) {
  switch (error) {
    case CursorError::kMalformed:
      return "not a cursor";
    case CursorError::kForeign:
      return "the cursor belongs to another log";
  }
  return "unknown cursor error";
}

std::string Cursor::format() const { return fmt::format("{:016x}-{:016x}", log_id, next); }

result<Cursor> Cursor::parse(std::string_view text) {
  Cursor cursor;
  const bool whole = text.size() == kTextSize && text[kDigits] == '-' &&
                     read_hex(text.substr(0, kDigits), cursor.log_id) &&
                     read_hex(text.substr(kDigits + 1), cursor.next);
  if (!whole) return make_error_code(CursorError::kMalformed);
  return cursor;
}

result<Cursor> Cursor::parse(std::string_view text, std::uint64_t log_id) {
  SLUICE_TRY(const Cursor cursor, parse(text));
  if (cursor.log_id != log_id) return make_error_code(CursorError::kForeign);
  return cursor;
}

}  // namespace sluice
