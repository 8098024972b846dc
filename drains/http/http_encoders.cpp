#include "drains/http/http_encoders.hpp"

#include "logplex/wire/render.hpp"

namespace sluice::drains {

void HttpEncoder::append(const RecordView& line, std::string& body) const {
  append_frame(body, line, [&](char* out) { return write_http_frame(line, out); });
}

void HttpRfc5424Encoder::append(const RecordView& line, std::string& body) const {
  append_frame(body, line, [&](char* out) { return write_rfc5424_frame(line, Newline::kAsIs, out); });
}

void NdjsonEncoder::append(const RecordView& line, std::string& body) const {
  const std::size_t begin = body.size();
  body.resize(begin + json_line_size(line, {}));
  write_json_line(line, {}, body.data() + begin);
}

result<std::unique_ptr<Encoder>, Error> make_http_encoder(const Drain& drain, std::size_t target) {
  if (drain.format.empty() || drain.format == "logplex") return std::make_unique<HttpEncoder>(target);
  if (drain.format == "rfc5424") return std::make_unique<HttpRfc5424Encoder>(target);
  if (drain.format == "ndjson") return std::make_unique<NdjsonEncoder>(target);
  return unknown_format(drain.format, "logplex, rfc5424 or ndjson");
}

}  // namespace sluice::drains
