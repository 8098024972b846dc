#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "logplex/base/error.hpp"
#include "logplex/base/slot.hpp"

namespace sluice {

enum class CursorError {
  kMalformed = 1,  // the text is not a cursor: the client's fault
  kForeign,        // the cursor belongs to another log (data directory, node): start again from history
};
const char* to_text(CursorError error);
SLUICE_ERROR_ENUM(CursorError, "cursor", to_text)

/// A reader's position in a channel, in a form that clients can keep (server-sent event ids, resume calls): the log's
/// id and the next sequence number wanted. Opaque outside this folder; ops/protocol/cursor.md has the text form.
struct Cursor {
  std::uint64_t log_id = 0;
  Seq next = 0;

  friend bool operator==(const Cursor&, const Cursor&) = default;

  /// 33 characters: log id and sequence number in hexadecimal, joined by '-'.
  std::string format() const;
  /// Errors: kMalformed.
  static result<Cursor> parse(std::string_view text);
  /// The same, but also fails with kForeign when the cursor belongs to another log.
  static result<Cursor> parse(std::string_view text, std::uint64_t log_id);
};

}  // namespace sluice
