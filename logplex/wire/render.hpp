#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "logplex/wire/record.hpp"

namespace sluice {

// One record as bytes for a reader; ops/protocol/syslog-frames.md has examples of each format. For every format `x`,
// `x_size(record, ...)` is the exact number of bytes that `write_x(record, ..., out)` writes; `write_x` returns the
// end. So a caller reserves memory once, and lines are copied without an allocation. Records are lines, never gaps. Any
// thread.

/// HTTP drains: `LEN <PRI>1 TIME host SOURCE PROC - TEXT`. The word `host` is literal, there is no structured data, and
/// no newline is added.
std::size_t http_frame_size(const RecordView& record);
char* write_http_frame(const RecordView& record, char* out);

/// Syslog drains: `LEN <PRI>1 TIME HOST SOURCE PROC - - TEXT` and a final newline, which LEN counts. HOST is the
/// drain's token.
std::size_t syslog_frame_size(const RecordView& record, std::string_view host);
char* write_syslog_frame(const RecordView& record, std::string_view host, char* out);
/// The same with structured data: `... PROC - ELEMENT TEXT`.
std::size_t told_syslog_frame_size(const RecordView& record, std::string_view host, std::string_view element);
char* write_told_syslog_frame(const RecordView& record, std::string_view host, std::string_view element, char* out);
/// Where HOST begins in either syslog frame of the record, so that frames shared by several drains can be patched.
std::size_t syslog_frame_host_offset(const RecordView& record, std::string_view frame);

/// `GET /v3/channels/:c/logs`: the HTTP drains' frame with a final newline, which LEN counts.
std::size_t history_frame_size(const RecordView& record);
char* write_history_frame(const RecordView& record, char* out);

/// The line in RFC 5424 format, with its own host, msgid and structured data and without LEN.
enum class Newline { kAsIs, kEnsured, kRemoved };
std::size_t rfc5424_size(const RecordView& record, Newline newline);
char* write_rfc5424(const RecordView& record, Newline newline, char* out);
/// The same, octet-counted.
std::size_t rfc5424_frame_size(const RecordView& record, Newline newline);
char* write_rfc5424_frame(const RecordView& record, Newline newline, char* out);

/// Tails: `TIME SOURCE[PROC]: TEXT` and a final newline; newlines inside the text stay.
std::size_t tail_line_size(const RecordView& record);
char* write_tail_line(const RecordView& record, char* out);

/// One JSON object and a newline. Keys: cursor (when given), time, received, priority, facility (number), level (name),
/// host, source, process, msgid and structured_data (when not "-"), text (without its final newline). Bytes that are
/// not UTF-8 become U+FFFD.
std::size_t json_line_size(const RecordView& record, std::string_view cursor);
char* write_json_line(const RecordView& record, std::string_view cursor, char* out);

/// The same object without newline and cursor, followed by `channel` (when given) and `fields`: an object of the text's
/// key=value pairs, as strings, the first of each name, at most 64.
std::size_t json_object_size(const RecordView& record, std::string_view channel);
char* write_json_object(const RecordView& record, std::string_view channel, char* out);

/// The level's syslog name: "emerg" ... "debug".
std::string_view severity_name(std::uint8_t severity);

/// Appends what `write` writes; not for hot paths: append_bytes(out, tail_line_size(r), write_tail_line, r).
template <class Write, class... Args>
void append_bytes(std::string& out, std::size_t size, Write write, const Args&... args) {
  const std::size_t begin = out.size();
  out.resize(begin + size);
  write(args..., out.data() + begin);
}

}  // namespace sluice
