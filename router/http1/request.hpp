#pragma once

#include <cstdint>
#include <string_view>

#include "router/http1/head_parser.hpp"
#include "router/http1/host.hpp"

namespace sluice::router::http1 {

/// Reads one request head (RFC 9112), strictly and without copying.
///
/// Call parse() with the head's bytes, always from its first byte and each time with more of them; they may have moved
/// in between. kSlack bytes after them must be readable. After kDone head() describes the head and consumed() says
/// where the body begins; after kError head() shows what was read so far, and method, target and host may be empty. Its
/// views point into the buffer of the last call and into the parser. The result does not depend on how the bytes were
/// split between calls.
///
/// Not tied to a thread; one head at a time. reset() keeps the memory for the next head: no allocation in steady state.
class RequestParser : public HeadParser<RequestParser, RequestHead> {
 public:
  explicit RequestParser(const HeadLimits& limits) : HeadParser(limits) {}
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  void reset();
  /// True once a byte that is not part of an empty line has come.
  bool started() const { return started_; }

  bool http_1_0() const { return head_.version == HttpVersion::k10; }
  /// The client may send another request after this one (RFC 9112 section 9.3).
  bool keep_alive() const { return http_1_0() ? connection_.keep_alive && !connection_.close : !connection_.close; }

 private:
  friend class HeadParser<RequestParser, RequestHead>;

  Progress read_first_line(std::size_t size);
  HeadError split_request_line(Span line);
  HeadError read_method(std::string_view line, std::size_t& size);
  HeadError read_target(Span target, bool plain);
  HeadError read_absolute_form(Span target);
  HeadError on_field(const Field& field);
  HeadError on_host(const Field& field);
  /// The Host field, or the authority of an absolute-form target, which replaces it (RFC 9112 section 3.2.2).
  bool read_host(std::string_view value);
  /// An upgrade can be passed on with HTTP/1.1, `Connection: upgrade`, and not to h2c, which would carry requests past
  /// us unseen.
  HeadError on_upgrade(std::string_view value);
  void on_expect(std::string_view value);
  HeadError finish();
  HeadError finish_framing() const;

  bool started_ = false;
  std::uint8_t empty_lines_ = 0;
  std::uint8_t hosts_ = 0;
  bool absolute_form_ = false;
  bool h2c_ = false;
  bool upgrade_field_ = false;
  Host host_;
};
extern template class HeadParser<RequestParser, RequestHead>;

}  // namespace sluice::router::http1
