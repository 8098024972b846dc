#pragma once

#include <string>

#include "drains/encoder.hpp"

namespace sluice {

/// Bodies of octet-counted frames, which can be cut between any two.
class FramedEncoder : public Encoder {
 public:
  explicit FramedEncoder(std::size_t target) : target_(target) {}
  std::size_t target_bytes() const override { return target_; }
  std::optional<std::pair<Frame, Frame>> split(const Frame& frame) const override;

 private:
  const std::size_t target_;
};

/// Logplex's form for HTTP receivers.
class HttpEncoder final : public FramedEncoder {
 public:
  using FramedEncoder::FramedEncoder;
  void append(const RecordView& line, std::string& body) const override;
  std::string likeness() const override { return "http"; }
  bool tells_ways() const override { return true; }
};

/// Logplex's form for syslog receivers, with the drain's token as host.
class SyslogEncoder final : public FramedEncoder {
 public:
  SyslogEncoder(std::size_t target, std::string token) : FramedEncoder(target), token_(std::move(token)) {}
  void append(const RecordView& line, std::string& body) const override;
  std::string likeness() const override { return "syslog"; }
  std::optional<std::size_t> token_in(const RecordView& line, std::string_view message) const override;

 private:
  const std::string token_;
};

/// RFC 5424 with the line's own host, msgid and structured data; for syslog receivers each line ends with a newline.
class Rfc5424Encoder final : public FramedEncoder {
 public:
  Rfc5424Encoder(std::size_t target, bool ensure_newline) : FramedEncoder(target), ensure_newline_(ensure_newline) {}
  void append(const RecordView& line, std::string& body) const override;
  std::string likeness() const override { return ensure_newline_ ? "syslog rfc5424" : "http rfc5424"; }
  bool tells_ways() const override { return !ensure_newline_; }

 private:
  const bool ensure_newline_;
};

/// One JSON object a line, for HTTP receivers.
class NdjsonEncoder final : public Encoder {
 public:
  explicit NdjsonEncoder(std::size_t target) : target_(target) {}
  void append(const RecordView& line, std::string& body) const override;
  std::size_t target_bytes() const override { return target_; }
  std::optional<std::pair<Frame, Frame>> split(const Frame& frame) const override;
  std::string likeness() const override { return "http ndjson"; }
  bool tells_ways() const override { return true; }

 private:
  const std::size_t target_;
};

}  // namespace sluice
