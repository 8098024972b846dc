#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "logplex/net/http/http_message.hpp"
#include "logplex/net/net_error.hpp"
#include "logplex/net/stream.hpp"

namespace sluice {

struct HttpReply {
  int status = 0;
  HttpHeaders headers;
  std::string body;            // the first kBodyKept bytes
  std::size_t body_bytes = 0;  // size of the whole body
  bool keep_alive = false;     // the connection may carry another exchange

  const std::string* header(std::string_view name) const { return find_header(headers, name); }
};

/// The client's side of HTTP/1.1 over one connection, for drains: one exchange after the other, no pipelining. Lives on
/// the stream's shard. After an error or a reply without keep_alive, close it and dial again.
class HttpClient {
 public:
  static constexpr std::size_t kHeadMax = 64 << 10;
  static constexpr std::size_t kBodyKept = 2 << 10;
  static constexpr std::size_t kBodyMax = 16 << 20;  // a longer answer ends the connection

  explicit HttpClient(std::unique_ptr<ByteStream> stream) : stream_(std::move(stream)) {}

  /// Writes `head` (request line, headers and the empty line, exactly these bytes) and `body` in one piece, then reads
  /// the answer; 1xx answers are skipped. Both views must stay until it returns. An answer counts once it has a status
  /// line; if it is cut, malformed or endless after that, it ends the connection. Errors: kClosed (before an answer;
  /// after a kept-alive connection it is safe to try a new one), kMalformed, kHeadTooLarge, kTimedOut, kTlsCertificate
  /// (the server refused ours).
  Task<result<HttpReply, Error>> exchange(std::string_view head, std::string_view body, Duration timeout);
  /// The same for a request in more parts.
  Task<result<HttpReply, Error>> exchange(std::span<const std::string_view> request, Duration timeout);

  /// True while another exchange may be tried: kept alive, not closed by the peer, and nothing received since the last
  /// answer, which would be taken for the next one (RFC 9112, 9.2).
  bool reusable() const;
  bool used() const { return exchanges_ > 0; }
  ByteStream& stream() { return *stream_; }
  void close() { stream_->close(); }

 private:
  Task<result<HttpReply, Error>> read_reply();
  Task<error_code> read_into(std::string& in);

  std::unique_ptr<ByteStream> stream_;
  std::uint64_t exchanges_ = 0;
  bool broken_ = false;
};

}  // namespace sluice
