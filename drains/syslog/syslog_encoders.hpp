#pragma once

#include <string>

#include "drains/kinds/framed_encoder.hpp"

namespace sluice::drains {

/// Logplex's format for syslog receivers, with the drain's token as host. If a line passed other logs before, a
/// structured data element names them (wire/passed_element.hpp).
class SyslogEncoder final : public FramedEncoder {
 public:
  SyslogEncoder(std::size_t target, std::string token) : FramedEncoder(target), token_(std::move(token)) {}
  void append(const RecordView& line, std::string& body) const override;
  std::string likeness() const override { return "syslog"; }
  std::optional<std::size_t> token_in(const RecordView& line, std::string_view message) const override;

 private:
  const std::string token_;
};

/// RFC 5424 with the line's own host, msgid and structured data; each line ends with a newline. Two kinds of lines get
/// a structured data element that names this log and the logs passed before (wire/passed_element.hpp): lines that
/// another Sluice may accept, because their app-name is a token, and lines that passed other logs.
class SyslogRfc5424Encoder final : public FramedEncoder {
 public:
  SyslogRfc5424Encoder(std::size_t target, OwnLogs own) : FramedEncoder(target), own_(std::move(own)) {}
  void append(const RecordView& line, std::string& body) const override;
  std::string likeness() const override { return "syslog rfc5424"; }

 private:
  void append_with_way(const RecordView& line, std::string& body) const;

  const OwnLogs own_;
};

/// Makes the encoder for a syslog drain's format. Error: an unknown format.
result<std::unique_ptr<Encoder>, Error> make_syslog_encoder(const Drain& drain, std::size_t target, const OwnLogs& own);

}  // namespace sluice::drains
