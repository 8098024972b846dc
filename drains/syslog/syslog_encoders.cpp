#include "drains/syslog/syslog_encoders.hpp"

#include <array>

#include "drains/kinds/destination.hpp"
#include "logplex/wire/notice.hpp"
#include "logplex/wire/passed_element.hpp"
#include "logplex/wire/render.hpp"
#include "logplex/wire/syslog_parse.hpp"

namespace sluice::drains {
namespace {

/// Another Sluice accepts only lines whose app-name is a token.
bool is_token(std::string_view source) { return source.size() == kTokenSize && parse_token(source).has_value(); }

}  // namespace

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

result<std::unique_ptr<Encoder>, Error> make_syslog_encoder(const Drain& drain, std::size_t target,
                                                            const OwnLogs& own) {
  if (drain.format.empty() || drain.format == "logplex")
    return std::make_unique<SyslogEncoder>(target, drain_token_text(drain));
  if (drain.format == "rfc5424") return std::make_unique<SyslogRfc5424Encoder>(target, own);
  return unknown_format(drain.format, "logplex or rfc5424");
}

}  // namespace sluice::drains
