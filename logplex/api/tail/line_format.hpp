#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "logplex/wire/record.hpp"

namespace sluice::api {

/// How lines reach whoever asked for them.
enum class LineFormat : std::uint8_t {
  kText,        // text/plain: TIME SOURCE[PROC]: TEXT
  kEvents,      // text/event-stream, data is the text line; id is the cursor behind it
  kEventsJson,  // the same, data is the JSON object
  kNdjson,      // application/x-ndjson
  kLogplex,     // application/logplex-1: octet-counted frames
};

std::string_view content_type(LineFormat format);
/// True for those in which a line carries its cursor.
constexpr bool has_cursors(LineFormat format) { return format != LineFormat::kText && format != LineFormat::kLogplex; }

/// Which format a call is answered in, by its Accept header, `?format=json` and what the call may give; none = 406.
/// `logplex_first`: without Accept, or with */*, frames are given (a logs call without tail); else text.
std::optional<LineFormat> choose_format(std::string_view accept, bool json, bool logplex_first);

/// A gap in a stream: lines that the reader will not get.
struct LineGap {
  std::uint64_t lines = 0;
  std::string_view reason;  // a word: "slow_reader", "memory_budget", ...
  WallTime since{};
};

/// Appends one line; `cursor` is the position behind it.
void append_line(std::string& out, LineFormat format, const RecordView& record, std::string_view cursor);
/// Tells a reader of JSON events where it is before the first line comes, so that it can come back there: an event of
/// an id alone, which a parser remembers and nobody sees (WHATWG HTML, 9.2.6). Nothing in the other formats.
void append_cursor(std::string& out, LineFormat format, std::string_view cursor);
/// Says that lines are missing: the L11 line in text, an event `gap`, an object {"gap": {...}}. In frames: the L11
/// line.
void append_gap(std::string& out, LineFormat format, const LineGap& gap, std::string_view cursor, WallTime now);
/// What a silent stream gets so that dead links show: a comment in event streams, nothing elsewhere.
std::string_view heartbeat(LineFormat format);

}  // namespace sluice::api
