#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "logplex/base/error.hpp"
#include "logplex/base/slot.hpp"

namespace sluice {

enum class CursorError {
  kMalformed = 1,  // not a cursor's text: the client's fault
  kForeign,        // of another log (data directory, node): start anew from history
};
const char* to_text(CursorError error);
SLUICE_ERROR_ENUM(CursorError, "cursor", to_text)

/// A reader's position in a channel as others keep it (server-sent event ids, resume calls): which log, and the next
/// sequence number wanted. Opaque outside this folder; ops/protocol/cursor.md has the text form.
struct Cursor {
  std::uint64_t log_id = 0;
  Seq next = 0;

  friend bool operator==(const Cursor&, const Cursor&) = default;

  /// 33 characters: log id and sequence number in hexadecimal, joined by '-'.
  std::string format() const;
  /// Errors: kMalformed.
  static result<Cursor> parse(std::string_view text);
  /// The same, and kForeign when it is not of this log.
  static result<Cursor> parse(std::string_view text, std::uint64_t log_id);
};

}  // namespace sluice
