#pragma once

#include <string>

#include "drains/kinds/encoder.hpp"

namespace sluice::drains {

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

/// Logplex's form for syslog receivers, with the drain's token as host. A line that passed other logs before has an
/// element of structured data that names them (wire/passed_element.hpp).
class SyslogEncoder final : public FramedEncoder {
 public:
  SyslogEncoder(std::size_t target, std::string token) : FramedEncoder(target), token_(std::move(token)) {}
  void append(const RecordView& line, std::string& body) const override;
  std::string likeness() const override { return "syslog"; }
  std::optional<std::size_t> token_in(const RecordView& line, std::string_view message) const override;

 private:
  const std::string token_;
};

/// RFC 5424 with the line's own host, msgid and structured data.
class HttpRfc5424Encoder final : public FramedEncoder {
 public:
  using FramedEncoder::FramedEncoder;
  void append(const RecordView& line, std::string& body) const override;
  std::string likeness() const override { return "http rfc5424"; }
  bool tells_ways() const override { return true; }
};

/// The same for syslog receivers: each line ends with a newline. A line that another Sluice may take in, because its
/// app-name is a token, and one that passed other logs before have an element of structured data that names this log
/// and those (wire/passed_element.hpp).
class SyslogRfc5424Encoder final : public FramedEncoder {
 public:
  SyslogRfc5424Encoder(std::size_t target, OwnLogs own) : FramedEncoder(target), own_(std::move(own)) {}
  void append(const RecordView& line, std::string& body) const override;
  std::string likeness() const override { return "syslog rfc5424"; }

 private:
  void append_with_way(const RecordView& line, std::string& body) const;

  const OwnLogs own_;
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

}  // namespace sluice::drains
