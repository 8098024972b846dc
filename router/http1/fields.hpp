#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <vector>

#include "router/http1/errors.hpp"
#include "router/http1/limits.hpp"
#include "router/http1/scan.hpp"
#include "router/message/head.hpp"

namespace sluice::router::http1 {

struct KnownField {
  std::string_view name;
  FieldKind kind = FieldKind::kOther;
};
/// A hash table, without collisions but for x-forwarded-host, of all names that we treat specially: a look-up of any
/// other name usually costs one comparison of sizes.
using KnownFields = std::array<KnownField, 64>;
extern const KnownFields kKnownFields;
constexpr std::size_t place_of_name(std::string_view name) {
  const auto lower = [](char letter) { return static_cast<unsigned char>(letter) | 0x20U; };
  return (lower(name.front()) + 5 * lower(name.back()) + 6 * name.size()) % std::tuple_size_v<KnownFields>;
}
/// The kind of a name that has the place and size of `known`. kFolded when only the characters in place of its hyphens
/// differ. CGI, WSGI, Rack and PHP fold all such names into one: an app that reads HTTP_X_FORWARDED_FOR cannot tell
/// X_Forwarded_For from our field.
FieldKind kind_of_candidate(std::string_view name, const KnownField& known);

/// The kind of a name, which must consist of token characters.
inline FieldKind kind_of(std::string_view name) {
  const KnownField& known = kKnownFields[place_of_name(name)];
  return known.name.size() == name.size() ? kind_of_candidate(name, known) : FieldKind::kOther;
}

/// True when a field of this name may stand in a trailer section that we pass on. Fields that frame, route, authorize
/// or forward a message may not (RFC 9110 section 6.5.1), in any spelling.
bool may_be_trailer(std::string_view name);

/// Result of a parser step.
enum class Progress : std::uint8_t {
  kMore,  // no error so far, but the end has not come yet
  kDone,
  kError,
};

/// Splits a head into lines, over any number of calls with a growing buffer. The result depends on the bytes alone, not
/// on how they were split: control bytes and limits are checked in the order of the bytes.
class LineScanner {
 public:
  struct Bounds {
    std::size_t line;    // of one line without its CRLF
    std::size_t head;    // of all lines together
    HeadError too_long;  // error for a longer line
  };

  void reset() { start_ = scanned_ = 0; }
  /// kDone: `line` is the next line. kError: error() is set.
  Progress next(const char* head, std::size_t size, const Bounds& bounds, Span& line);
  HeadError error() const { return error_; }
  /// Size of all lines so far, with their CRLFs.
  std::size_t consumed() const { return start_; }

 private:
  Progress without_line(const char* head, std::size_t size, std::size_t found, const Bounds& bounds);
  Progress fail(HeadError error) {
    error_ = error;
    return Progress::kError;
  }

  std::uint32_t start_ = 0;    // of the next line
  std::uint32_t scanned_ = 0;  // no control byte before this
  HeadError error_ = HeadError::kNone;
};

/// The header lines of one head, parsed, checked and classified. Keeps its memory for the next head.
class FieldList {
 public:
  void reset() {
    fields_.clear();
    kinds_ = {};
  }
  /// Adds one header line; its CRLF must follow in the buffer. Returns kNone or what is wrong with it.
  HeadError add(const char* head, Span line, const HeadLimits& limits);
  const Field& last() const { return fields_.back(); }
  const std::vector<Field>& all() const { return fields_; }
  /// Makes `head` show the fields so far, until the next change here.
  void show_in(MessageHead& head) const {
    head.fields = {std::to_address(fields_.begin()), std::to_address(fields_.end())};
    head.kinds = kinds_;
  }
  /// Marks the fields that Connection names, so that they are not forwarded (RFC 9110 section 7.6.1). Connection cannot
  /// remove fields that frame or route the message or that carry the client's identity from proxy to proxy.
  HeadError apply_connection(const char* head);

 private:
  void mark_named(const char* head, std::string_view name);
  /// Why the name of a header line does not end at a colon.
  static HeadError name_fault(std::string_view line, std::size_t name_size);
  static HeadError size_fault(const Field& field, const HeadLimits& limits);

  std::vector<Field> fields_;
  FieldKinds kinds_;
};

/// The options of the Connection fields.
struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  bool names_fields = false;  // it has other options too: apply_connection() is needed

  HeadError read(std::string_view value);
};

/// Calls visit(element) for each non-empty element of a comma-separated list, trimmed, until it returns false.
template <class Visit>
bool for_each_element(std::string_view list, Visit&& visit);

/// Parses 1*DIGIT up to 2^63 - 1. False for anything else, including signs, blanks and lists.
bool parse_length(std::string_view text, std::uint64_t& length);

/// Reads one Content-Length line into head.length: equal lines count once, anything else is an error.
HeadError read_content_length(std::string_view value, MessageHead& head);

/// The transfer codings of all Transfer-Encoding lines together: only a single `chunked` is accepted.
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

// Inline, so that the parsers' loops over header lines contain no calls: a third of their instructions (2026-11-23).

inline Progress LineScanner::next(const char* head, std::size_t size, const Bounds& bounds, Span& line) {
  const std::size_t found = static_cast<std::size_t>(find_control(head + scanned_, head + size) - head);
  const bool is_line = found + 1 < size && head[found] == '\r' && head[found + 1] == '\n';
  if (!is_line || found - start_ > bounds.line || found + 2 > bounds.head)
    return without_line(head, size, found, bounds);
  line = {start_, static_cast<std::uint32_t>(found) - start_};
  start_ = scanned_ = static_cast<std::uint32_t>(found + 2);
  return Progress::kDone;
}

[[gnu::always_inline]] inline HeadError FieldList::add(const char* head, Span line, const HeadLimits& limits) {
  if (fields_.size() == limits.fields) return HeadError::kTooManyHeaders;
  const char* const begin = head + line.at;
  const char* end = begin + line.size;  // a CR
  const char* const colon = find_token_end(begin);
  const auto name_size = static_cast<std::uint32_t>(colon - begin);
  if (name_size == 0 || *colon != ':') return name_fault({begin, line.size}, name_size);
  const char* value = colon + 1;
  while (is_blank(*value)) ++value;
  while (end != value && is_blank(end[-1])) --end;
  const auto value_size = static_cast<std::uint32_t>(end - value);
  const FieldKind kind = kind_of({begin, name_size});
  kinds_.add(kind);
  fields_.push_back({.at = line.at,
                     .end = line.at + line.size + 2,
                     .name = {line.at, name_size},
                     .value = {static_cast<std::uint32_t>(value - head), value_size},
                     .kind = kind});
  const bool fits = name_size <= limits.name && value_size <= limits.value &&
                    (kind != FieldKind::kSetCookie || value_size <= limits.cookie);
  return fits ? HeadError::kNone : size_fault(fields_.back(), limits);
}

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

}  // namespace sluice::router::http1
