#pragma once

#include <memory>
#include <optional>
#include <string>

#include "drains/body_signer.hpp"
#include "drains/link.hpp"
#include "logplex/net/http_client.hpp"

namespace sluice {

/// Frames as `POST` requests with Logplex's headers, one at a time over a connection that is kept alive. 2xx delivers;
/// 413 asks for smaller frames; other 4xx but 429 reject for good; everything else is tried again, Retry-After
/// honoured. A kept connection that turns out to be dead is replaced at once, within the same attempt.
class HttpTransport final : public Transport {
 public:
  HttpTransport(const DrainEnvironment& environment, const Drain& drain, Destination destination);

  Task<SendReport> send(const Frame& frame) override;
  std::size_t window() const override { return 1; }
  void tend() override;
  void close() override;
  const TlsFacts* tls() const override { return link_.tls(); }

 private:
  using Reply = result<HttpReply, Error>;

  bool reusable() const;
  Task<Reply> attempt(const Frame& frame);
  Task<Reply> exchange(const Frame& frame);
  std::string head_of(const Frame& frame) const;
  SendReport judge(const HttpReply& reply);

  Link link_;
  std::string head_start_;   // request line to Content-Type
  std::string head_middle_;  // Logplex-Drain-Token to the drain's own headers
  std::optional<BodySigner> signer_;
  std::unique_ptr<HttpConnection> connection_;
};

/// How long a Retry-After header (RFC 9110 section 10.2.3) asks to wait: seconds or a date; 0 for anything else.
Duration parse_retry_after(std::string_view value, WallTime now);

}  // namespace sluice
