#include <algorithm>
#include <array>

#include "logplex/base/bytes/utf8.hpp"
#include "logplex/base/check.hpp"
#include "logplex/wire/logfmt.hpp"
#include "logplex/wire/newline.hpp"
#include "logplex/wire/render.hpp"
#include "logplex/wire/render_sink.hpp"
#include "logplex/wire/timestamp.hpp"

namespace sluice {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

/// Bytes that stand for themselves in a JSON string, so that they can be copied in runs.
bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

template <class Sink>
void escaped_byte(Sink& out, char c) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      return out.put("\\\"");
    case '\\':
      return out.put("\\\\");
    case '\n':
      return out.put("\\n");
    case '\r':
      return out.put("\\r");
    case '\t':
      return out.put("\\t");
    default:
      break;
  }
  out.put("\\u00");
  out.put(kHex[static_cast<unsigned char>(c) >> 4]);
  out.put(kHex[c & 0xf]);
}

/// Writes one character that is not plain; returns the bytes it took.
template <class Sink>
std::size_t special(Sink& out, std::string_view text, std::size_t at) {
  const std::size_t size = utf8_sequence_size(text, at);
  if (size == 0) {
    out.put(kReplacement);
    return 1;
  }
  if (size == 1) {
    escaped_byte(out, text[at]);
  } else {
    out.put(text.substr(at, size));
  }
  return size;
}

template <class Sink>
void json_characters(Sink& out, std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = at;
    while (end < text.size() && is_plain(static_cast<unsigned char>(text[end]))) ++end;
    out.put(text.substr(at, end - at));
    at = end;
    if (at < text.size()) at += special(out, text, at);
  }
}

template <class Sink>
void json_string(Sink& out, std::string_view text) {
  out.put('"');
  json_characters(out, text);
  out.put('"');
}

template <class Sink>
void member(Sink& out, std::string_view key_with_mark, std::string_view value) {
  out.put(key_with_mark);
  json_string(out, value);
}

template <class Sink>
void optional_member(Sink& out, std::string_view key_with_mark, std::string_view value) {
  if (value != "-") member(out, key_with_mark, value);
}

template <class Sink>
void line_members(Sink& out, const RecordView& record) {
  std::array<char, kTimestampSize> received;
  write_timestamp(record.received(), received.data());
  member(out, "\"time\":", record.time());
  member(out, ",\"received\":", {received.data(), received.size()});
  out.put(",\"priority\":");
  out.put_number(record.pri());
  out.put(",\"facility\":");
  out.put_number(facility_of(record.pri()));
  member(out, ",\"level\":", severity_name(severity_of(record.pri())));
  member(out, ",\"host\":", record.host());
  member(out, ",\"source\":", record.source());
  member(out, ",\"process\":", record.process());
  optional_member(out, ",\"msgid\":", record.msgid());
  optional_member(out, ",\"structured_data\":", record.structured_data());
  member(out, ",\"text\":", without_newline(record.text()));
}

template <class Sink>
void json_line(Sink& out, const RecordView& record, std::string_view cursor) {
  out.put('{');
  if (!cursor.empty()) {
    member(out, "\"cursor\":", cursor);
    out.put(',');
  }
  line_members(out, record);
  out.put("}\n");
}

/// A value of a pair, where `\"` stands for a quote and `\\` for a backslash.
template <class Sink>
void unescaped_string(Sink& out, std::string_view text) {
  out.put('"');
  for (;;) {
    std::size_t at = text.find('\\');
    while (at != std::string_view::npos && (at + 1 == text.size() || (text[at + 1] != '"' && text[at + 1] != '\\')))
      at = text.find('\\', at + 1);
    json_characters(out, text.substr(0, at));
    if (at == std::string_view::npos) break;
    escaped_byte(out, text[at + 1]);
    text.remove_prefix(at + 2);
  }
  out.put('"');
}

template <class Sink>
void json_fields(Sink& out, std::string_view text) {
  constexpr std::size_t kMost = 64;
  std::array<std::string_view, kMost> seen;
  std::size_t count = 0;
  LogfmtScanner pairs(text);
  while (count < kMost && pairs.next()) {
    if (std::find(seen.begin(), seen.begin() + count, pairs.key()) != seen.begin() + count) continue;
    if (count > 0) out.put(',');
    seen[count++] = pairs.key();
    json_string(out, pairs.key());
    out.put(':');
    unescaped_string(out, pairs.value());
  }
}

template <class Sink>
void json_object(Sink& out, const RecordView& record, std::string_view channel) {
  out.put('{');
  line_members(out, record);
  if (!channel.empty()) member(out, ",\"channel\":", channel);
  out.put(",\"fields\":{");
  json_fields(out, without_newline(record.text()));
  out.put("}}");
}

}  // namespace

std::string_view severity_name(std::uint8_t severity) {
  constexpr std::array<std::string_view, 8> kNames = {"emerg",   "alert",  "crit", "err",
                                                      "warning", "notice", "info", "debug"};
  return kNames[severity & 7];
}

std::size_t json_line_size(const RecordView& record, std::string_view cursor) {
  CountSink count;
  json_line(count, record, cursor);
  return count.size();
}

char* write_json_line(const RecordView& record, std::string_view cursor, char* out) {
  SLUICE_DCHECK(!record.is_gap());
  WriteSink sink(out);
  json_line(sink, record, cursor);
  return sink.end();
}

std::size_t json_object_size(const RecordView& record, std::string_view channel) {
  CountSink count;
  json_object(count, record, channel);
  return count.size();
}

char* write_json_object(const RecordView& record, std::string_view channel, char* out) {
  SLUICE_DCHECK(!record.is_gap());
  WriteSink sink(out);
  json_object(sink, record, channel);
  return sink.end();
}

}  // namespace sluice
