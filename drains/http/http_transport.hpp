#pragma once

#include <memory>
#include <optional>
#include <string>

#include "drains/http/body_signer.hpp"
#include "drains/kinds/receiver_link.hpp"
#include "logplex/net/http/http_client.hpp"

namespace sluice::drains {

/// Sends frames as `POST` requests with Logplex's headers, one at a time over a connection that is kept alive. 2xx
/// means delivered; 413 asks for smaller frames; other 4xx statuses except 408, 425 and 429 reject the frame for good.
/// Everything else is retried: after the Retry-After time, if given, and in smaller frames if the receiver was too
/// slow. If a kept connection turns out to be dead, the same attempt continues on a new one; likewise if it answers
/// 408, because the receiver may mean the idle time before our request.
class HttpTransport final : public Transport {
 public:
  HttpTransport(const DrainEnvironment& environment, const Drain& drain, Destination destination,
                std::optional<BodySigner> signer);

  Task<SendReport> send(const Frame& frame) override;
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
  const std::string head_middle_;  // Logplex-Drain-Token to the drain's own headers, up to 512 KiB
  std::string head_of_frame_;      // head_start_ and the headers of this frame
  std::string head_end_;           // headers of this frame after head_middle_
  const std::optional<BodySigner> signer_;
  const OwnLogs own_;
  std::unique_ptr<HttpClient> connection_;
  bool too_slow_ = false;  // the last exchange took too long
  std::uint64_t closings_ = 0;
};

/// How long a Retry-After header (RFC 9110, 10.2.3) asks to wait: seconds, or a date in one of HTTP's three formats
/// (5.6.7). At most a day; 0 for anything else.
Duration parse_retry_after(std::string_view value, WallTime now);

}  // namespace sluice::drains
