#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "logplex/net/body_decoder.hpp"
#include "logplex/net/http_client.hpp"

namespace sluice {

/// Bytes of one response in, status, headers and the beginning of the body out; no I/O. Beast parses the head.
class HttpReplyParser {
 public:
  explicit HttpReplyParser(HttpReply& reply);
  ~HttpReplyParser();

  /// Takes what it can; the rest must come again with more bytes behind it. Errors: kMalformed, kHeadTooLarge,
  /// kBodyTooLarge.
  result<std::size_t> feed(std::string_view bytes);
  /// The peer closed: the end of an answer without length, otherwise kClosed.
  result<void> feed_end();
  bool done() const;
  bool keep_alive() const;

 private:
  class Beast;

  result<std::size_t> feed_head(std::string_view bytes);
  BodyDecoder body_of_head() const;
  result<void> keep(std::string_view data);

  HttpReply& reply_;
  std::unique_ptr<Beast> beast_;
  std::optional<BodyDecoder> body_;
  bool ended_ = false;
};

}  // namespace sluice
