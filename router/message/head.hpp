#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "router/message/field_kind.hpp"

namespace sluice::router {

/// A part of a head, as an offset from the head's first byte: it stays valid when the bytes move.
struct Span {
  std::uint32_t at = 0;
  std::uint32_t size = 0;
};

/// One header field: [at, end) is its line `Name: value` with its CRLF.
struct Field {
  std::uint32_t at = 0;
  std::uint32_t end = 0;
  Span name;
  Span value;
  FieldKind kind = FieldKind::kOther;
  bool named_in_connection = false;
};

/// How the end of a body shows.
enum class BodyKind : std::uint8_t {
  kNone,
  kLength,    // after MessageHead::length bytes
  kChunked,   // its bytes contain the framing of RFC 9112 section 7.1
  kUntilEnd,  // whoever passes the bytes on says which are the last
};

/// Version of the protocol that the client speaks.
enum class HttpVersion : std::uint8_t { k11, k10, k2 };

enum class Expectation : std::uint8_t { kNone, kContinue, kUnsupported, kMalformed };

/// The fields of a head, in their order. Two pointers: a length would cost a division for each head.
class FieldRange {
 public:
  FieldRange() = default;
  FieldRange(const Field* first, const Field* last) : first_(first), last_(last) {}
  const Field* begin() const { return first_; }
  const Field* end() const { return last_; }
  bool empty() const { return first_ == last_; }
  std::size_t size() const { return static_cast<std::size_t>(last_ - first_); }
  const Field& operator[](std::size_t i) const { return first_[i]; }

 private:
  const Field* first_ = nullptr;
  const Field* last_ = nullptr;
};

/// What heads of requests and of responses have in common. It owns nothing: whoever has read the head keeps its bytes
/// and its fields, and a view of it is valid during the call that it is passed to.
struct MessageHead {
  std::string_view text(Span span) const { return {block + span.at, span.size}; }
  /// True when there is a field of this kind. Most heads have few kinds, so this saves searching for the others.
  bool has(FieldKind kind) const { return kinds.has(kind); }

  const char* block = nullptr;  // all spans are offsets into it
  std::uint32_t size = 0;       // of the block
  FieldKinds kinds;             // of all fields
  FieldRange fields;
  std::uint64_t length = 0;  // of the body; 0 when it is not known
  bool has_length = false;
  bool chunked = false;
};

/// A request's head.
struct RequestHead : MessageHead {
  std::string_view method() const { return text(method_at); }
  /// Origin-form path and query, or `*`; without fragment. May be empty: see write_upstream_head().
  std::string_view target() const { return text(target_at); }
  /// The host and port as the client sent them.
  std::string_view authority() const { return text(authority_at); }
  bool is_head() const { return method() == "HEAD"; }
  /// GET, HEAD, OPTIONS, TRACE, PUT, DELETE (RFC 9110 section 9.2.2).
  bool idempotent() const {
    const std::string_view m = method();
    return m == "GET" || m == "HEAD" || m == "OPTIONS" || m == "TRACE" || m == "PUT" || m == "DELETE";
  }
  BodyKind body() const {
    if (chunked) return BodyKind::kChunked;
    if (open_ended) return BodyKind::kUntilEnd;
    return length > 0 ? BodyKind::kLength : BodyKind::kNone;
  }
  /// The client takes a chunked body with its framing. Others get the content alone.
  bool takes_chunks() const { return version == HttpVersion::k11; }

  Span method_at;
  Span target_at;
  Span authority_at;
  std::string_view host;  // lower-cased, without port
  HttpVersion version = HttpVersion::k11;
  Expectation expectation = Expectation::kNone;
  bool open_ended = false;  // a body follows that has neither length nor chunks
  /// The client asks for an upgrade that can be passed on.
  bool wants_upgrade = false;
};

/// A response's head.
struct ResponseHead : MessageHead {
  /// From the status on: "200 OK". The reason may be empty.
  std::string_view status_and_reason() const { return text(status_and_reason_at); }
  /// 100..199: another head follows; 101 ends HTTP on this connection.
  bool interim() const { return status < 200 && status != 101; }
  BodyKind body() const {
    const bool bodiless = to_head || status < 200 || status == 204 || status == 304;
    if (bodiless) return BodyKind::kNone;
    if (chunked) return BodyKind::kChunked;
    if (!has_length) return BodyKind::kUntilEnd;
    return length > 0 ? BodyKind::kLength : BodyKind::kNone;
  }

  unsigned status = 0;
  Span status_and_reason_at;
  bool has_date = false;
  bool to_head = false;  // the request was HEAD, so no body follows; `length` may be stated all the same
};

}  // namespace sluice::router
