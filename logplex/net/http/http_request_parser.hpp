#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "logplex/base/units.hpp"
#include "logplex/net/http/body_decoder.hpp"
#include "logplex/net/http/http_message.hpp"
#include "logplex/net/net_error.hpp"

namespace sluice {

/// The answer to a request that the parser refuses.
struct HttpRefusal {
  int status = 400;
  std::string text;
};

/// Parses one request: bytes in, head and body out; no I/O. Beast parses the head; this class also refuses what Beast
/// accepts although RFC 9112 calls it invalid or ambiguous. This class parses the body itself, because Beast (1.81)
/// fails an assertion when a first chunk is split.
class HttpRequestParser {
 public:
  /// A head of more than `header_max` is refused with 431.
  explicit HttpRequestParser(Bytes header_max);
  ~HttpRequestParser();

  /// Consumes the head once it is complete, and empty lines before it; returns how many bytes it consumed. Until
  /// head_done(), call it again with the remaining bytes and more behind them.
  std::size_t feed_head(std::string_view bytes);
  bool head_done() const;
  /// Set when the head is refused.
  const std::optional<HttpRefusal>& refusal() const { return refusal_; }

  /// Fills everything but `peer`. After head_done(), once.
  void take_head(HttpRequest& request);
  std::optional<std::uint64_t> content_length() const;
  bool has_body() const;
  bool expects_continue() const { return expects_continue_; }
  bool keep_alive() const;

  /// Appends decoded body bytes to `body`; returns how many of `bytes` were consumed. After kMalformed, close the
  /// connection.
  result<std::size_t> feed_body(std::string_view bytes, std::string& body);
  bool body_done() const;

 private:
  class Beast;

  void check_head(std::string_view raw);
  void refuse(int status, std::string text) { refusal_ = HttpRefusal{status, std::move(text)}; }

  std::unique_ptr<Beast> beast_;
  const std::uint64_t header_max_;
  std::size_t scanned_ = 0;
  std::optional<BodyDecoder> body_;
  std::optional<HttpRefusal> refusal_;
  bool expects_continue_ = false;
};

}  // namespace sluice
