#pragma once

#include <optional>
#include <string_view>

#include "logplex/net/http/body_decoder.hpp"
#include "logplex/net/http/http_client.hpp"

namespace sluice {

/// Parses one response: bytes in; status, headers and the beginning of the body out; no I/O.
///
/// The status line decides the outcome of our request. All that follows only decides whether the connection can carry
/// another request: a field without a colon, an unknown length or a truncated body ends the connection, but is no
/// error.
class HttpReplyParser {
 public:
  explicit HttpReplyParser(HttpReply& reply) : reply_(reply) {}

  /// Consumes what it can, and returns how many bytes; pass the rest again with more bytes behind it. Errors:
  /// kMalformed and kHeadTooLarge, before the status line is complete.
  result<std::size_t> feed(std::string_view bytes);
  /// Call it when the peer has closed. Error: kClosed, before a status line.
  result<void> feed_end();
  bool done() const { return broken_ || (body_ && body_->done()); }
  /// True when the answer was complete and correct, and the connection may carry another request.
  bool keep_alive() const { return !broken_ && !odd_ && persistent_; }

 private:
  struct Length {
    std::optional<std::string> content_length;
    bool differs = false;  // two lengths that are not the same
    bool chunked = false;  // Transfer-Encoding: chunked
    bool unknown = false;  // another Transfer-Encoding
  };

  result<std::size_t> feed_line(std::string_view bytes);
  std::size_t feed_body(std::string_view bytes);
  result<void> take_line(std::string_view line);
  bool take_status_line(std::string_view line);
  void take_field(std::string_view line);
  void note_field(std::string_view name, std::string_view value);
  void end_head();
  std::optional<BodyDecoder> body_of_head() const;
  bool keep(std::string_view data);

  HttpReply& reply_;
  std::size_t head_bytes_ = 0;
  Length length_;
  bool persistent_ = false;  // as version and Connection say
  bool odd_ = false;         // understood, but against RFC 9112
  bool broken_ = false;      // the end of this answer is not known
  std::optional<BodyDecoder> body_;
};

}  // namespace sluice
