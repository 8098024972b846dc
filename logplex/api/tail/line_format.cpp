#include "logplex/api/tail/line_format.hpp"

#include <fmt/format.h>

#include "logplex/api/frame/accept_header.hpp"
#include "logplex/wire/newline.hpp"
#include "logplex/wire/notice.hpp"
#include "logplex/wire/render.hpp"

namespace sluice::api {
namespace {

void append_text(std::string& out, const RecordView& record) {
  append_bytes(out, tail_line_size(record), [&record](char* at) { return write_tail_line(record, at); });
}

void append_json(std::string& out, const RecordView& record, std::string_view cursor) {
  append_bytes(out, json_line_size(record, cursor),
               [&record, cursor](char* at) { return write_json_line(record, cursor, at); });
}

void append_frame(std::string& out, const RecordView& record) {
  append_bytes(out, history_frame_size(record), [&record](char* at) { return write_history_frame(record, at); });
}

void append_id(std::string& out, std::string_view cursor) {
  out += "id: ";
  out += cursor;
  out += '\n';
}

/// Appends the data of an event, which ends in a newline. Each line of it gets a `data` field of its own, because LF,
/// CR and CRLF all end a field (WHATWG HTML, 9.2.6).
void append_event_data(std::string& out, std::string_view data) {
  if (data.ends_with('\n')) data.remove_suffix(1);
  for (;;) {
    const auto end = end_of_line(data);
    out += "data: ";
    out += data.substr(0, end);
    out += '\n';
    if (end == data.size()) break;
    data.remove_prefix(end + (data.substr(end).starts_with("\r\n") ? 2 : 1));
  }
  out += '\n';
}

/// The text as received: the event marks where a line ends, so the text needs no indentation.
std::string text_of_event(const RecordView& record) {
  std::string line;
  line.append(record.time()).append(" ").append(record.source()).append("[").append(record.process()).append("]: ");
  return line.append(record.text());
}

void append_event(std::string& out, LineFormat format, const RecordView& record, std::string_view cursor) {
  append_id(out, cursor);
  if (format == LineFormat::kEventsJson) {
    out += "data: ";
    append_json(out, record, {});
    out += '\n';
    return;
  }
  append_event_data(out, text_of_event(record));
}

std::string gap_object(const LineGap& gap) {
  return fmt::format(R"({{"lost":{},"reason":"{}"}})", gap.lines, gap.reason);
}

}  // namespace

std::string_view content_type(LineFormat format) {
  switch (format) {
    case LineFormat::kText:
      return "text/plain; charset=utf-8";
    case LineFormat::kEvents:
    case LineFormat::kEventsJson:
      return "text/event-stream";
    case LineFormat::kNdjson:
      return "application/x-ndjson";
    case LineFormat::kLogplex:
      return "application/logplex-1";
  }
  return {};
}

std::optional<LineFormat> choose_format(std::string_view accept, bool json, bool logplex_first) {
  constexpr std::string_view kText = "text/plain";
  constexpr std::string_view kEvents = "text/event-stream";
  constexpr std::string_view kNdjson = "application/x-ndjson";
  constexpr std::string_view kLogplex = "application/logplex-1";
  const auto chosen = logplex_first ? best_type(accept, {kLogplex, kText, kEvents, kNdjson})
                                    : best_type(accept, {kText, kEvents, kNdjson});
  if (chosen == kText) return LineFormat::kText;
  if (chosen == kEvents) return json ? LineFormat::kEventsJson : LineFormat::kEvents;
  if (chosen == kNdjson) return LineFormat::kNdjson;
  if (chosen == kLogplex) return LineFormat::kLogplex;
  return std::nullopt;
}

void append_line(std::string& out, LineFormat format, const RecordView& record, std::string_view cursor) {
  switch (format) {
    case LineFormat::kText:
      return append_text(out, record);
    case LineFormat::kEvents:
    case LineFormat::kEventsJson:
      return append_event(out, format, record, cursor);
    case LineFormat::kNdjson:
      return append_json(out, record, cursor);
    case LineFormat::kLogplex:
      return append_frame(out, record);
  }
}

void append_cursor(std::string& out, LineFormat format, std::string_view cursor) {
  if (format != LineFormat::kEventsJson) return;
  append_id(out, cursor);
  out += '\n';
}

void append_gap(std::string& out, LineFormat format, const LineGap& gap, std::string_view cursor, WallTime now) {
  switch (format) {
    case LineFormat::kText:
      return append_text(out, l11_notice(gap.lines, gap.since, now).view());
    case LineFormat::kLogplex:
      return append_frame(out, l11_notice(gap.lines, gap.since, now).view());
    case LineFormat::kNdjson:
      out += fmt::format("{{\"gap\":{},\"cursor\":\"{}\"}}\n", gap_object(gap), cursor);
      return;
    case LineFormat::kEvents:
    case LineFormat::kEventsJson:
      append_id(out, cursor);
      out += "event: gap\n";
      return append_event_data(out, gap_object(gap));
  }
}

std::string_view heartbeat(LineFormat format) {
  const bool events = format == LineFormat::kEvents || format == LineFormat::kEventsJson;
  return events ? ": still here\n\n" : std::string_view();
}

}  // namespace sluice::api
