#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "logplex/wire/record.hpp"

namespace sluice::api {

/// The format in which a client gets lines.
enum class LineFormat : std::uint8_t {
  kText,        // text/plain: TIME SOURCE[PROC]: TEXT
  kEvents,      // text/event-stream; data is the text line, id is the cursor after it
  kEventsJson,  // text/event-stream; data is a JSON object
  kNdjson,      // application/x-ndjson
  kLogplex,     // application/logplex-1: octet-counted frames
};

std::string_view content_type(LineFormat format);
/// True for formats in which a line carries its cursor.
constexpr bool has_cursors(LineFormat format) { return format != LineFormat::kText && format != LineFormat::kLogplex; }

/// Chooses the format of an answer from the Accept header, `?format=json` and the formats that the call allows. None
/// means 406. `logplex_first`: a missing Accept, or */*, means frames (a logs call without tail); otherwise it means
/// text.
std::optional<LineFormat> choose_format(std::string_view accept, bool json, bool logplex_first);

/// A gap in a stream: lines that the reader lost.
struct LineGap {
  std::uint64_t lines = 0;
  std::string_view reason;  // a word: "slow_reader", "memory_budget", ...
  WallTime since{};
};

/// Appends one line; `cursor` is the position after it.
void append_line(std::string& out, LineFormat format, const RecordView& record, std::string_view cursor);
/// Sends a reader of JSON events its position before the first line, so that it can resume there: an event with only an
/// id, which a client's parser remembers without showing it (WHATWG HTML, 9.2.6). Appends nothing in other formats.
void append_cursor(std::string& out, LineFormat format, std::string_view cursor);
/// Reports lost lines: an event `gap`, an object {"gap": {...}}, or the L11 line in text and in frames.
void append_gap(std::string& out, LineFormat format, const LineGap& gap, std::string_view cursor, WallTime now);
/// The bytes to send on a silent stream so that a dead connection is noticed: a comment in event streams, nothing in
/// other formats.
std::string_view heartbeat(LineFormat format);

}  // namespace sluice::api
