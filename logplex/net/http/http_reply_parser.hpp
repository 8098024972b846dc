#pragma once

#include <optional>
#include <string_view>

#include "logplex/net/http/body_decoder.hpp"
#include "logplex/net/http/http_client.hpp"

namespace sluice {

/// Bytes of one response in, status, headers and the beginning of the body out; no I/O.
///
/// The status line decides what became of our request. All that follows only decides whether the connection can carry
/// another one: a field without a colon, an unknown length or a body that is cut makes it end, and is no error.
class HttpReplyParser {
 public:
  explicit HttpReplyParser(HttpReply& reply) : reply_(reply) {}

  /// Takes what it can; the rest must come again with more bytes behind it. Errors: kMalformed and kHeadTooLarge, where
  /// a status line should stand.
  result<std::size_t> feed(std::string_view bytes);
  /// The peer closed. Error: kClosed, before a status line.
  result<void> feed_end();
  bool done() const { return broken_ || (body_ && body_->done()); }
  /// The answer was whole and in order, and allows another request.
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
  bool odd_ = false;         // understood, but not as RFC 9112 has it
  bool broken_ = false;      // where this answer ends is not known
  std::optional<BodyDecoder> body_;
};

}  // namespace sluice
