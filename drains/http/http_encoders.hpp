#pragma once

#include <string>

#include "drains/kinds/framed_encoder.hpp"

namespace sluice::drains {

/// Logplex's format for HTTP receivers.
class HttpEncoder final : public FramedEncoder {
 public:
  using FramedEncoder::FramedEncoder;
  void append(const RecordView& line, std::string& body) const override;
  std::string likeness() const override { return "http"; }
  bool tells_ways() const override { return true; }
};

/// RFC 5424 with the line's own host, msgid and structured data.
class HttpRfc5424Encoder final : public FramedEncoder {
 public:
  using FramedEncoder::FramedEncoder;
  void append(const RecordView& line, std::string& body) const override;
  std::string likeness() const override { return "http rfc5424"; }
  bool tells_ways() const override { return true; }
};

/// One JSON object per line, for HTTP receivers.
class NdjsonEncoder final : public Encoder {
 public:
  explicit NdjsonEncoder(std::size_t target) : target_(target) {}
  void append(const RecordView& line, std::string& body) const override;
  std::size_t target_bytes() const override { return target_; }
  std::optional<std::pair<Frame, Frame>> split(const Frame& frame) const override { return split_at_newlines(frame); }
  std::string likeness() const override { return "http ndjson"; }
  bool tells_ways() const override { return true; }

 private:
  const std::size_t target_;
};

/// Makes the encoder for an HTTP drain's format. Error: an unknown format.
result<std::unique_ptr<Encoder>, Error> make_http_encoder(const Drain& drain, std::size_t target);

}  // namespace sluice::drains
