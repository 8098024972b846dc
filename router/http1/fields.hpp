#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "router/http1/errors.hpp"
#include "router/http1/limits.hpp"

namespace sluice::http1 {

/// A part of a head, as an offset from the head's first byte: it stays right when the bytes move.
struct Span {
  std::uint32_t at = 0;
  std::uint32_t size = 0;
};

/// The header fields that a proxy has to know. All others are kOther and copied as they are.
enum class FieldKind : std::uint8_t {
  kOther,
  kHost,
  kConnection,
  kContentLength,
  kTransferEncoding,
  kExpect,
  kUpgrade,
  kHopByHop,  // TE, Keep-Alive, Proxy-Connection, Proxy-Authorization: removed, never read
  kVia,
  kForwardedFor,
  kForwardedProto,
  kForwardedPort,
  kRequestId,
  kRequestStart,
  kDate,
  kSetCookie,
};
FieldKind kind_of(std::string_view name);

/// One header line: [at, end) with its CRLF.
struct Field {
  std::uint32_t at = 0;
  std::uint32_t end = 0;
  Span name;
  Span value;
  FieldKind kind = FieldKind::kOther;
  bool named_in_connection = false;
};

/// What a step of a parser came to.
enum class Progress : std::uint8_t {
  kMore,  // no fault so far, the end is not there yet
  kDone,
  kError,
};

/// Cuts a head into lines, over any number of calls with a growing buffer. What it finds depends on the bytes alone,
/// not on how they were cut: control bytes and limits are met in the order of the bytes.
class LineScanner {
 public:
  void reset() { start_ = scanned_ = 0; }
  /// kDone: line() is the next line. kError: error() is set; `too_long` is the error of a line over `line_limit`.
  Progress next(const char* head, std::size_t size, std::size_t line_limit, std::size_t head_limit, HeadError too_long);
  Span line() const { return line_; }
  HeadError error() const { return error_; }
  /// Bytes of all lines so far, with their CRLFs.
  std::size_t consumed() const { return start_; }

 private:
  Progress fail(HeadError error) {
    error_ = error;
    return Progress::kError;
  }

  std::uint32_t start_ = 0;    // of the line being looked for
  std::uint32_t scanned_ = 0;  // no control byte before this
  Span line_;
  HeadError error_ = HeadError::kNone;
};

/// The header lines of one head: found, checked and classified. Memory is kept for the next head.
class FieldList {
 public:
  void reset() { fields_.clear(); }
  /// Takes one header line. kNone, or what is wrong with it.
  HeadError add(const char* head, Span line, const HeadLimits& limits);
  const Field& last() const { return fields_.back(); }
  const std::vector<Field>& all() const { return fields_; }
  /// Marks the fields that Connection names, so that they are not forwarded (RFC 9110 section 7.6.1). Fields that frame
  /// or route the message, and those by which proxies tell each other who is asking, cannot be removed like this.
  HeadError apply_connection(const char* head);

 private:
  void mark_named(const char* head, std::string_view name);

  std::vector<Field> fields_;
};

/// What a Connection field says.
struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  bool names_fields = false;  // it lists something else: apply_connection has work to do

  HeadError read(std::string_view value);
};

/// Calls visit(element) for each non-empty element of a comma-separated list, trimmed, until it returns false.
template <class Visit>
bool for_each_element(std::string_view list, Visit&& visit);

/// 1*DIGIT up to 2^63 - 1. False for anything else, a sign, blanks and lists included.
bool parse_length(std::string_view text, std::uint64_t& length);

/// The body's length from all Content-Length lines: equal lines count once, anything else is an error.
class ContentLength {
 public:
  HeadError read(std::string_view value);
  bool known() const { return known_; }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
  bool known_ = false;
};

/// The transfer codings of all Transfer-Encoding lines together: only a single `chunked` is taken.
class TransferEncoding {
 public:
  HeadError read(std::string_view value);
  /// After the last line: `chunked` must have been the final coding, and the only one.
  HeadError finish() const;
  bool present() const { return present_; }

 private:
  bool present_ = false;
  bool chunked_last_ = false;
  bool other_coding_ = false;
};

template <class Visit>
bool for_each_element(std::string_view list, Visit&& visit) {
  while (!list.empty()) {
    std::size_t comma = list.find(',');
    if (comma == std::string_view::npos) comma = list.size();
    std::string_view element = list.substr(0, comma);
    list.remove_prefix(comma == list.size() ? comma : comma + 1);
    while (!element.empty() && (element.front() == ' ' || element.front() == '\t')) element.remove_prefix(1);
    while (!element.empty() && (element.back() == ' ' || element.back() == '\t')) element.remove_suffix(1);
    if (!element.empty() && !visit(element)) return false;
  }
  return true;
}

}  // namespace sluice::http1
