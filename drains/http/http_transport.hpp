#pragma once

#include <memory>
#include <optional>
#include <string>

#include "drains/http/body_signer.hpp"
#include "drains/kinds/receiver_link.hpp"
#include "logplex/net/http/http_client.hpp"

namespace sluice::drains {

/// Frames as `POST` requests with Logplex's headers, one at a time over a connection that is kept alive. 2xx delivers;
/// 413 asks for smaller frames; other 4xx but 408, 425 and 429 reject for good; everything else is tried again,
/// Retry-After honoured, and in smaller frames when the receiver was too slow. A kept connection that turns out to be
/// dead is replaced at once, within the same attempt; so is one that answers 408, because a receiver may say that
/// about the time before our request.
class HttpTransport final : public Transport {
 public:
  HttpTransport(const DrainEnvironment& environment, const Drain& drain, Destination destination,
                std::optional<BodySigner> signer);

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
  void write_head(const Frame& frame);
  void append_ways(const Frame& frame);
  bool is_stale(const Reply& reply) const;
  SendReport judge(const HttpReply& reply);

  ReceiverLink link_;
  const std::string head_start_;   // request line to Content-Type
  const std::string head_middle_;  // Logplex-Drain-Token to the drain's own headers, which may be 512 KiB
  std::string head_of_frame_;      // what differs, before the middle
  std::string head_end_;           // and behind it
  const std::optional<BodySigner> signer_;
  const OwnLogs own_;
  std::unique_ptr<HttpClient> connection_;
  bool too_slow_ = false;  // the last exchange took too long
  std::uint64_t closings_ = 0;
};

/// How long a Retry-After header (RFC 9110, 10.2.3) asks to wait: seconds or a date in one of HTTP's three forms
/// (5.6.7); at most a day. 0 for anything else.
Duration parse_retry_after(std::string_view value, WallTime now);

}  // namespace sluice::drains
