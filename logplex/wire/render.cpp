#include "logplex/wire/render.hpp"

#include "logplex/base/check.hpp"
#include "logplex/wire/newline.hpp"
#include "logplex/wire/render_sink.hpp"
#include "logplex/wire/rfc5424_header.hpp"

namespace sluice {
namespace {

bool lacks_newline(std::string_view text) { return !text.ends_with('\n'); }

template <class Sink>
void http_message(Sink& out, const RecordView& record) {
  out.put_priority(record.pri());
  out.put(record.time());
  out.put(" host ");
  out.put(record.source_and_process());
  out.put(" - ");
  out.put(record.text());
}

template <class Sink>
void history_message(Sink& out, const RecordView& record) {
  http_message(out, record);
  if (lacks_newline(record.text())) out.put('\n');
}

template <class Sink>
void syslog_header(Sink& out, const RecordView& record, std::string_view host) {
  out.put_priority(record.pri());
  out.put(record.time());
  out.put(' ');
  out.put(host);
  out.put(' ');
  out.put(record.source_and_process());
}

template <class Sink>
void put_with_newline(Sink& out, std::string_view text) {
  out.put(text);
  if (lacks_newline(text)) out.put('\n');
}

template <class Sink>
void syslog_message(Sink& out, const RecordView& record, std::string_view host) {
  syslog_header(out, record, host);
  out.put(" - - ");
  put_with_newline(out, record.text());
}

template <class Sink>
void told_syslog_message(Sink& out, const RecordView& record, std::string_view host, std::string_view element) {
  syslog_header(out, record, host);
  out.put(" - ");
  out.put(element);
  out.put(' ');
  put_with_newline(out, record.text());
}

/// Mends the header of a line whose fields RFC 5424 does not allow.
template <class Sink>
void mended_header(Sink& out, const RecordView& record) {
  out.put(is_rfc5424_time(record.time()) ? record.time() : std::string_view("-"));
  out.put(' ');
  put_rfc5424(out, record.host(), kHostMax);
  out.put(' ');
  put_rfc5424(out, record.source(), kAppNameMax);
  out.put(' ');
  put_rfc5424(out, record.process(), kProcIdMax);
  out.put(' ');
  put_rfc5424(out, record.msgid(), kMsgIdMax);
  out.put(' ');
  out.put(record.structured_data().empty() ? std::string_view("-") : record.structured_data());
  out.put(' ');
}

template <class Sink>
void rfc5424_message(Sink& out, const RecordView& record, Newline newline) {
  std::string_view fields = record.fields_and_text();
  const bool lacking = lacks_newline(record.text());
  if (newline == Newline::kRemoved && !lacking) fields.remove_suffix(1);
  out.put_priority(record.pri());
  if (!has_rfc5424_header(record)) {
    mended_header(out, record);
    fields.remove_prefix(static_cast<std::size_t>(record.text().data() - fields.data()));
  }
  out.put(fields);
  if (newline == Newline::kEnsured && lacking) out.put('\n');
}

/// Writes text so that it cannot forge a line. Indents what follows a line feed inside the text, and shows a carriage
/// return as `\r`, because a terminal would overwrite the beginning of the line. The final newline stays as it came.
template <class Sink>
void put_set_in(Sink& out, std::string_view text) {
  for (;;) {
    const auto at = end_of_line(text);
    out.put(text.substr(0, at));
    text.remove_prefix(at);
    if (text.empty() || text == "\n" || text == "\r\n") return out.put(text);
    const bool crlf = text.starts_with("\r\n");
    out.put(text.front() == '\n' || crlf ? std::string_view("\n    ") : std::string_view("\\r"));
    text.remove_prefix(crlf ? 2 : 1);
  }
}

/// Names come from senders too, so control characters become `?`.
template <class Sink>
void put_name(Sink& out, std::string_view name) {
  for (const char c : name) out.put(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c);
}

template <class Sink>
void tail_line(Sink& out, const RecordView& record) {
  put_name(out, record.time());
  out.put(' ');
  put_name(out, record.source());
  out.put('[');
  put_name(out, record.process());
  out.put("]: ");
  put_set_in(out, record.text());
  if (lacks_newline(record.text())) out.put('\n');
}

template <class Format, class... Args>
std::size_t size_of(Format format, const Args&... args) {
  CountSink count;
  format(count, args...);
  return count.size();
}

std::size_t framed(std::size_t message) { return decimal_size(message) + 1 + message; }

WriteSink begin_frame(std::size_t message, char* out) {
  WriteSink sink(out);
  sink.put_number(message);
  sink.put(' ');
  return sink;
}

}  // namespace

std::size_t http_frame_size(const RecordView& record) { return framed(size_of(http_message<CountSink>, record)); }

char* write_http_frame(const RecordView& record, char* out) {
  SLUICE_DCHECK(!record.is_gap());
  WriteSink sink = begin_frame(size_of(http_message<CountSink>, record), out);
  http_message(sink, record);
  return sink.end();
}

std::size_t syslog_frame_size(const RecordView& record, std::string_view host) {
  return framed(size_of(syslog_message<CountSink>, record, host));
}

char* write_syslog_frame(const RecordView& record, std::string_view host, char* out) {
  SLUICE_DCHECK(!record.is_gap());
  WriteSink sink = begin_frame(size_of(syslog_message<CountSink>, record, host), out);
  syslog_message(sink, record, host);
  return sink.end();
}

std::size_t told_syslog_frame_size(const RecordView& record, std::string_view host, std::string_view element) {
  return framed(size_of(told_syslog_message<CountSink>, record, host, element));
}

char* write_told_syslog_frame(const RecordView& record, std::string_view host, std::string_view element, char* out) {
  SLUICE_DCHECK(!record.is_gap());
  WriteSink sink = begin_frame(size_of(told_syslog_message<CountSink>, record, host, element), out);
  told_syslog_message(sink, record, host, element);
  return sink.end();
}

std::size_t syslog_frame_host_offset(const RecordView& record, std::string_view frame) {
  std::size_t at = 1;  // checking each digit of LEN is cheaper than a search
  while (frame[at] != ' ') ++at;
  return at + 1 + kPriorityTexts[record.pri()].size + record.time().size() + 1;
}

std::size_t history_frame_size(const RecordView& record) { return framed(size_of(history_message<CountSink>, record)); }

char* write_history_frame(const RecordView& record, char* out) {
  SLUICE_DCHECK(!record.is_gap());
  WriteSink sink = begin_frame(size_of(history_message<CountSink>, record), out);
  history_message(sink, record);
  return sink.end();
}

std::size_t rfc5424_size(const RecordView& record, Newline newline) {
  return size_of(rfc5424_message<CountSink>, record, newline);
}

char* write_rfc5424(const RecordView& record, Newline newline, char* out) {
  SLUICE_DCHECK(!record.is_gap());
  WriteSink sink(out);
  rfc5424_message(sink, record, newline);
  return sink.end();
}

std::size_t rfc5424_frame_size(const RecordView& record, Newline newline) {
  return framed(rfc5424_size(record, newline));
}

char* write_rfc5424_frame(const RecordView& record, Newline newline, char* out) {
  WriteSink sink = begin_frame(rfc5424_size(record, newline), out);
  return write_rfc5424(record, newline, sink.end());
}

std::size_t tail_line_size(const RecordView& record) { return size_of(tail_line<CountSink>, record); }

char* write_tail_line(const RecordView& record, char* out) {
  SLUICE_DCHECK(!record.is_gap());
  WriteSink sink(out);
  tail_line(sink, record);
  return sink.end();
}

}  // namespace sluice
