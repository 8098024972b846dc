#include "drains/line_encoders.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "drains/kafka/kafka_encoder.hpp"
#include "drains/kinds/destination.hpp"
#include "logplex/wire/frame_splitter.hpp"
#include "logplex/wire/notice.hpp"
#include "logplex/wire/passed_element.hpp"
#include "logplex/wire/render.hpp"
#include "logplex/wire/syslog_parse.hpp"

namespace sluice::drains {
namespace {

using Halves = std::optional<std::pair<Frame, Frame>>;

/// Where the body is cut: behind its first `messages` messages, which are `bytes` long.
struct Cut {
  std::uint64_t messages;
  std::size_t bytes;
};

/// `lines` of the runs, after the first `skip`.
std::vector<Run> part_of_runs(std::span<const Run> runs, std::uint64_t skip, std::uint64_t lines) {
  std::vector<Run> part;
  for (const Run& run : runs) {
    const std::uint64_t before = std::min(skip, run.lines());
    const std::uint64_t taken = std::min(lines, run.lines() - before);
    if (taken > 0) part.push_back({run.channel, run.first + before, run.first + before + taken - 1});
    skip -= before;
    lines -= taken;
  }
  return part;
}

Frame part_of(const Frame& whole, std::uint64_t first, std::uint64_t last, std::string_view body) {
  Frame part;
  part.body = body;
  std::uint64_t notices_before = 0;
  for (const std::uint64_t at : whole.notices) {
    if (at >= first && at < last) part.notices.push_back(at - first);
    if (at < first) ++notices_before;
  }
  part.lines = last - first - part.notices.size();
  part.passed = whole.ways().part(first, last);
  part.runs = part_of_runs(whole.lines_in_it(), first - notices_before, part.lines);
  return part;
}

Halves halves(const Frame& frame, Cut cut) {
  const std::string_view body = frame.bytes();
  return std::pair(part_of(frame, 0, cut.messages, body.substr(0, cut.bytes)),
                   part_of(frame, cut.messages, frame.messages(), body.substr(cut.bytes)));
}

/// Only lines whose app-name is a token are taken by a Sluice that gets them.
bool is_token(std::string_view source) { return source.size() == kTokenSize && parse_token(source).has_value(); }

/// Written into more room than it takes: cheaper than to add up its size before.
void append_frame(std::string& body, const RecordView& line, auto write) {
  const std::size_t begin = body.size();
  body.resize(begin + line.size() + Encoder::kMessageExtra);
  body.resize(static_cast<std::size_t>(write(body.data() + begin) - body.data()));
}

result<std::unique_ptr<Encoder>, Error> unknown_format(const std::string& format, std::string_view known) {
  return Error{make_error_code(boost::system::errc::invalid_argument),
               "no such format for this drain: '" + format + "'; use " + std::string(known)};
}

result<std::unique_ptr<Encoder>, Error> make_http_encoder(const Drain& drain, std::size_t target) {
  if (drain.format.empty() || drain.format == "logplex") return std::make_unique<HttpEncoder>(target);
  if (drain.format == "rfc5424") return std::make_unique<HttpRfc5424Encoder>(target);
  if (drain.format == "ndjson") return std::make_unique<NdjsonEncoder>(target);
  return unknown_format(drain.format, "logplex, rfc5424 or ndjson");
}

result<std::unique_ptr<Encoder>, Error> make_syslog_encoder(const Drain& drain, std::size_t target,
                                                            const OwnLogs& own) {
  if (drain.format.empty() || drain.format == "logplex")
    return std::make_unique<SyslogEncoder>(target, drain_token_text(drain));
  if (drain.format == "rfc5424") return std::make_unique<SyslogRfc5424Encoder>(target, own);
  return unknown_format(drain.format, "logplex or rfc5424");
}

}  // namespace

Halves FramedEncoder::split(const Frame& frame) const {
  if (frame.messages() < 2) return std::nullopt;
  Cut cut{frame.messages() / 2, 0};
  FrameSplitter splitter(frame.bytes().size());
  splitter.feed(frame.bytes());
  for (std::uint64_t i = 0; i < cut.messages; ++i)
    if (splitter.next() != FrameSplitter::Step::kFrame) return std::nullopt;
  cut.bytes = splitter.consumed();
  return halves(frame, cut);
}

void HttpEncoder::append(const RecordView& line, std::string& body) const {
  append_frame(body, line, [&](char* out) { return write_http_frame(line, out); });
}

void SyslogEncoder::append(const RecordView& line, std::string& body) const {
  if (line.passed().size() > 0) [[unlikely]] {
    std::string element;
    append_passed_element(element, {}, line.passed());
    return append_bytes(body, told_syslog_frame_size(line, token_, element), write_told_syslog_frame, line, token_,
                        element);
  }
  append_frame(body, line, [&](char* out) { return write_syslog_frame(line, token_, out); });
}

std::optional<std::size_t> SyslogEncoder::token_in(const RecordView& line, std::string_view message) const {
  return syslog_frame_host_offset(line, message);
}

void HttpRfc5424Encoder::append(const RecordView& line, std::string& body) const {
  append_frame(body, line, [&](char* out) { return write_rfc5424_frame(line, Newline::kAsIs, out); });
}

void SyslogRfc5424Encoder::append(const RecordView& line, std::string& body) const {
  if (line.passed().size() > 0 || is_token(line.source())) [[unlikely]]
    return append_with_way(line, body);
  append_frame(body, line, [&](char* out) { return write_rfc5424_frame(line, Newline::kEnsured, out); });
}

void SyslogRfc5424Encoder::append_with_way(const RecordView& line, std::string& body) const {
  std::string elements;
  append_passed_element(elements, std::array{own_.log, own_.shared()}, line.passed());
  if (line.structured_data() != "-" && elements.size() + line.structured_data().size() <= kLargestText)
    elements += line.structured_data();
  LineView marked = line.line();
  if (!elements.empty()) marked.structured_data = elements;
  marked.passed = {};
  const OwnedRecord record(marked);
  append_bytes(body, rfc5424_frame_size(record.view(), Newline::kEnsured), write_rfc5424_frame, record.view(),
               Newline::kEnsured);
}

void NdjsonEncoder::append(const RecordView& line, std::string& body) const {
  const std::size_t begin = body.size();
  body.resize(begin + json_line_size(line, {}));
  write_json_line(line, {}, body.data() + begin);
}

Halves NdjsonEncoder::split(const Frame& frame) const {
  if (frame.messages() < 2) return std::nullopt;
  Cut cut{frame.messages() / 2, 0};
  for (std::uint64_t i = 0; i < cut.messages; ++i) cut.bytes = frame.bytes().find('\n', cut.bytes) + 1;
  return halves(frame, cut);
}

result<std::unique_ptr<Encoder>, Error> make_encoder(const Drain& drain, const DrainSettings& settings,
                                                     const ChannelNames* channels, const OwnLogs& own) {
  if (is_kafka_url(drain.url.reveal())) return make_kafka_encoder(drain, settings, channels);
  SLUICE_TRY(const Destination destination, parse_destination(drain));
  if (destination.protocol == Destination::Protocol::kHttp)
    return make_http_encoder(drain, settings.http_batch_bytes.count);
  return make_syslog_encoder(drain, settings.syslog_batch_bytes.count, own);
}

}  // namespace sluice::drains
