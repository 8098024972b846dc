#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

#include "logplex/base/rng.hpp"
#include "router/message/forwarding.hpp"
#include "router/message/head.hpp"

namespace sluice::router {

/// What is kept of a request once its client's bytes are gone: its head as it is passed on, written once for sending,
/// for sending again and for the router line, and the few facts that decide how it is answered.
///
/// The head has the form of HTTP/1.1, whatever the client speaks, because nearly every backend takes it as it is.
///
/// Part of an exchange. A head of up to 2 KiB lies inside the object, a larger one on the heap.
class ForwardedRequest {
 public:
  ForwardedRequest() = default;
  ForwardedRequest(const ForwardedRequest&) = delete;
  ForwardedRequest& operator=(const ForwardedRequest&) = delete;

  /// Writes the head of a complete request; see http1::write_upstream_head().
  void write(const RequestHead& request, const ForwardFacts& facts, Rng& rng);
  /// Keeps what the router line shows of a malformed or incomplete head. It cannot be passed on.
  void note(const RequestHead& request, const ForwardFacts& facts, Rng& rng);
  /// Forgets the request and frees the memory outside the object.
  void clear();
  /// Bytes outside the object.
  std::size_t held() const { return held_; }

  std::string_view head() const { return {at_, parts_.size}; }
  std::string_view method() const { return text(parts_.method); }
  std::string_view target() const { return text(parts_.target); }
  std::string_view host() const { return text(parts_.host); }
  std::string_view request_id() const { return text(parts_.request_id); }
  std::string_view forwarded_for() const { return text(parts_.forwarded_for); }

  HttpVersion version() const { return version_; }
  bool tls() const { return tls_; }
  /// It is a HEAD request: no body follows the response's head.
  bool to_head() const { return to_head_; }
  /// The client takes a chunked body as it is; others get its content alone.
  bool takes_chunks() const { return version_ == HttpVersion::k11; }
  bool wants_upgrade() const { return wants_upgrade_; }
  /// It can be sent twice without harm: it is idempotent and has no body.
  bool repeatable() const { return repeatable_; }
  /// The client waits for 100 Continue before it sends the body.
  bool expects_continue() const { return expects_continue_; }
  /// Via shows that the request has already passed this proxy.
  bool loops() const { return loops_; }
  /// Its head announces a chunked body, but the bytes of the body come without chunks.
  bool needs_chunks() const { return needs_chunks_; }

 private:
  char* reserve(std::size_t size);
  void note_facts(const RequestHead& request, const ForwardFacts& facts);
  std::string_view text(Span span) const { return {at_ + span.at, span.size}; }

  std::array<char, 2048> small_;
  std::unique_ptr<char[]> large_;
  std::size_t held_ = 0;
  char* at_ = small_.data();
  UpstreamHead parts_;
  HttpVersion version_ = HttpVersion::k11;
  bool tls_ = false;
  bool to_head_ = false;
  bool wants_upgrade_ = false;
  bool repeatable_ = false;
  bool expects_continue_ = false;
  bool loops_ = false;
  bool needs_chunks_ = false;
};

}  // namespace sluice::router
