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

/// What to answer to a request that we do not understand.
struct HttpRefusal {
  int status = 400;
  std::string text;
};

/// Bytes of one request in, head and body out; no I/O. Beast parses the head; what it lets pass and RFC 9112 calls
/// invalid or ambiguous is refused here. The body is ours: Beast asserts where a first chunk is cut (1.81).
class HttpRequestParser {
 public:
  /// Head bytes at most; more is refused with 431.
  explicit HttpRequestParser(Bytes header_max);
  ~HttpRequestParser();

  /// Takes the head from `bytes` once it is complete, and empty lines before it; returns how many bytes it has taken.
  /// Until head_done() give it more behind those that it has not.
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

  /// Appends decoded body bytes to `body`; returns how many of `bytes` were taken. kMalformed: give the connection up.
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
