#pragma once

#include <cstdint>
#include <string_view>

#include "router/http1/head_parser.hpp"
#include "router/http1/host.hpp"

namespace sluice::router::http1 {

enum class BodyKind : std::uint8_t {
  kNone,
  kLength,      // content_length bytes
  kChunked,     // RFC 9112 section 7.1
  kUntilClose,  // responses only
};

enum class Expectation : std::uint8_t { kNone, kContinue, kUnsupported, kMalformed };

/// Reads one request head (RFC 9112), strictly and without copying.
///
/// Call parse() with the head's bytes, always from its first byte and each time with more of them; they may have moved
/// in between. kSlack bytes after them must be readable. After kDone the accessors describe the head and consumed()
/// says where the body begins. Views point into the buffer of the last call. The result does not depend on how the
/// bytes were split between calls.
///
/// Not tied to a thread; one head at a time. reset() keeps the memory for the next head: no allocation in steady state.
class RequestParser : public HeadParser<RequestParser> {
 public:
  explicit RequestParser(const HeadLimits& limits) : HeadParser(limits) {}

  void reset();
  /// True once a byte that is not part of an empty line has come.
  bool started() const { return started_; }

  // Valid after kDone. After kError they show what was read so far; method, path and host may be empty.
  std::string_view method() const { return text(method_); }
  /// Origin-form path and query, or `*`; without fragment. Empty when an absolute-form target had no path.
  std::string_view target() const { return text(target_); }
  std::string_view host() const { return host_.name(); }
  /// The Host field as received, or the authority of an absolute-form target, which replaces it (RFC 9112 section
  /// 3.2.2).
  std::string_view host_field() const { return text(host_field_); }
  bool http_1_0() const { return minor_version_ == 0; }
  bool is_head() const { return method() == "HEAD"; }
  /// GET, HEAD, OPTIONS, TRACE, PUT, DELETE (RFC 9110 section 9.2.2).
  bool idempotent() const;

  BodyKind body() const;
  std::uint64_t content_length() const { return content_length_.value(); }
  bool has_content_length() const { return content_length_.known(); }
  Expectation expectation() const { return expectation_; }
  /// The client asks for an upgrade that can be passed on: HTTP/1.1, `Connection: upgrade`, and not h2c (which would
  /// carry requests past us unseen).
  bool wants_upgrade() const { return upgrade_; }
  /// The client may send another request after this one (RFC 9112 section 9.3).
  bool keep_alive() const { return http_1_0() ? connection_.keep_alive && !connection_.close : !connection_.close; }

 private:
  friend class HeadParser<RequestParser>;

  Progress read_first_line(std::size_t size);
  HeadError split_request_line(Span line);
  HeadError read_method(std::string_view line, std::size_t& size);
  HeadError read_target(Span target, bool plain);
  HeadError read_absolute_form(Span target);
  HeadError on_field(const Field& field);
  HeadError on_host(const Field& field);
  HeadError on_upgrade(std::string_view value);
  void on_expect(std::string_view value);
  HeadError finish();
  HeadError finish_framing() const;

  bool started_ = false;
  std::uint8_t empty_lines_ = 0;
  Span method_;
  Span target_;
  Span host_field_;
  std::uint8_t hosts_ = 0;
  bool absolute_form_ = false;
  bool h2c_ = false;
  bool upgrade_field_ = false;
  bool upgrade_ = false;
  Expectation expectation_ = Expectation::kNone;
  Host host_;
};
extern template class HeadParser<RequestParser>;

}  // namespace sluice::router::http1
