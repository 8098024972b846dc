#include "router/http1/fields.hpp"

#include <algorithm>

#include "router/http1/scan.hpp"

namespace sluice::http1 {
namespace {

struct KnownField {
  std::string_view name;
  FieldKind kind;
};
constexpr KnownField kKnownFields[] = {
    {"te", FieldKind::kHopByHop},
    {"via", FieldKind::kVia},
    {"date", FieldKind::kDate},
    {"host", FieldKind::kHost},
    {"expect", FieldKind::kExpect},
    {"upgrade", FieldKind::kUpgrade},
    {"connection", FieldKind::kConnection},
    {"keep-alive", FieldKind::kHopByHop},
    {"set-cookie", FieldKind::kSetCookie},
    {"x-request-id", FieldKind::kRequestId},
    {"content-length", FieldKind::kContentLength},
    {"x-forwarded-for", FieldKind::kForwardedFor},
    {"x-request-start", FieldKind::kRequestStart},
    {"proxy-connection", FieldKind::kHopByHop},
    {"x-forwarded-port", FieldKind::kForwardedPort},
    {"transfer-encoding", FieldKind::kTransferEncoding},
    {"x-forwarded-proto", FieldKind::kForwardedProto},
    {"proxy-authorization", FieldKind::kHopByHop},
};
constexpr std::size_t kLongestKnown = 19;

/// For each length of a name, the rows of kKnownFields (which is in order of length) that have it.
struct RowRange {
  std::uint8_t first = 0;
  std::uint8_t last = 0;
};
constexpr std::array<RowRange, kLongestKnown + 1> rows_by_length() {
  std::array<RowRange, kLongestKnown + 1> ranges{};
  for (std::size_t i = 0; i < std::size(kKnownFields); ++i) {
    auto& range = ranges[kKnownFields[i].name.size()];
    if (range.last == 0) range.first = static_cast<std::uint8_t>(i);
    range.last = static_cast<std::uint8_t>(i + 1);
  }
  return ranges;
}
constexpr auto kRowsByLength = rows_by_length();

constexpr std::size_t kMostConnectionOptions = 64;

bool can_be_named(FieldKind kind) {
  return kind == FieldKind::kOther || kind == FieldKind::kDate || kind == FieldKind::kSetCookie;
}

}  // namespace

FieldKind kind_of(std::string_view name) {
  if (name.size() > kLongestKnown) return FieldKind::kOther;
  const RowRange range = kRowsByLength[name.size()];
  for (std::size_t i = range.first; i < range.last; ++i) {
    const KnownField& row = kKnownFields[i];
    if (row.name[0] == to_lower(name[0]) && equals_lower(name, row.name)) return row.kind;
  }
  return FieldKind::kOther;
}

Progress LineScanner::next(const char* head, std::size_t size, std::size_t line_limit, std::size_t head_limit,
                           HeadError too_long) {
  const std::size_t line_end = start_ + line_limit + 1;  // a control byte must come before this
  const std::size_t end = std::min({size, line_end, head_limit});
  const std::size_t found = static_cast<std::size_t>(find_control(head + scanned_, head + end) - head);
  scanned_ = static_cast<std::uint32_t>(found);
  if (found == end) {
    if (end == line_end) return fail(too_long);
    return end == head_limit ? fail(HeadError::kHeadTooLarge) : Progress::kMore;
  }
  if (head[found] != '\r') return fail(head[found] == '\n' ? HeadError::kBareLf : HeadError::kControlByte);
  if (found + 2 > head_limit) return fail(HeadError::kHeadTooLarge);
  if (found + 1 == size) return Progress::kMore;
  if (head[found + 1] != '\n') return fail(HeadError::kBareCr);
  line_ = {start_, static_cast<std::uint32_t>(found) - start_};
  start_ = scanned_ = static_cast<std::uint32_t>(found + 2);
  return Progress::kDone;
}

namespace {

/// Why the name of a header line does not end at a colon.
HeadError name_fault(std::string_view line, std::size_t name_size) {
  if (name_size == 0) return is_blank(line[0]) ? HeadError::kObsFold : HeadError::kBadHeaderName;
  if (name_size == line.size()) return HeadError::kNoColon;
  if (!is_blank(line[name_size])) return HeadError::kBadHeaderName;
  const std::string_view rest = trim(line.substr(name_size));
  return !rest.empty() && rest[0] == ':' ? HeadError::kSpaceBeforeColon : HeadError::kNoColon;
}

HeadError size_fault(const Field& field, const HeadLimits& limits) {
  if (field.name.size > limits.name) return HeadError::kHeaderNameTooLong;
  if (field.value.size > limits.value) return HeadError::kHeaderValueTooLong;
  if (field.kind == FieldKind::kSetCookie && field.value.size > limits.cookie) return HeadError::kCookieTooLong;
  return HeadError::kNone;
}

}  // namespace

HeadError FieldList::add(const char* head, Span line, const HeadLimits& limits) {
  if (fields_.size() == limits.fields) return HeadError::kTooManyHeaders;
  const std::string_view text(head + line.at, line.size);
  std::size_t colon = 0;
  while (colon < text.size() && is_char(text[colon], kTokenChar)) ++colon;
  if (colon == 0 || colon == text.size() || text[colon] != ':') return name_fault(text, colon);
  const std::string_view value = trim(text.substr(colon + 1));
  Field field;
  field.at = line.at;
  field.end = line.at + line.size + 2;
  field.name = {line.at, static_cast<std::uint32_t>(colon)};
  field.value = {static_cast<std::uint32_t>(value.data() - head), static_cast<std::uint32_t>(value.size())};
  field.kind = kind_of(text.substr(0, colon));
  fields_.push_back(field);
  return size_fault(field, limits);
}

HeadError FieldList::apply_connection(const char* head) {
  std::size_t options = 0;
  for (const Field& field : fields_) {
    if (field.kind != FieldKind::kConnection) continue;
    const std::string_view value(head + field.value.at, field.value.size);
    const bool few = for_each_element(value, [&](std::string_view name) {
      mark_named(head, name);
      return ++options <= kMostConnectionOptions;
    });
    if (!few) return HeadError::kBadConnection;
  }
  return HeadError::kNone;
}

void FieldList::mark_named(const char* head, std::string_view name) {
  for (Field& field : fields_) {
    if (field.name.size != name.size() || !can_be_named(field.kind)) continue;
    if (same_name({head + field.name.at, field.name.size}, name)) field.named_in_connection = true;
  }
}

HeadError ConnectionOptions::read(std::string_view value) {
  const bool tokens_only = for_each_element(value, [this](std::string_view option) {
    if (equals_lower(option, "close")) return close = true;
    if (equals_lower(option, "keep-alive")) return keep_alive = true;
    if (equals_lower(option, "upgrade")) return upgrade = true;
    names_fields = true;
    return std::all_of(option.begin(), option.end(), [](char c) { return is_char(c, kTokenChar); });
  });
  return tokens_only ? HeadError::kNone : HeadError::kBadConnection;
}

bool parse_length(std::string_view text, std::uint64_t& length) {
  constexpr std::uint64_t kMost = ~std::uint64_t{0} >> 1;
  if (text.empty()) return false;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!is_char(c, kDigitChar)) return false;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (kMost - digit) / 10) return false;
    value = value * 10 + digit;
  }
  length = value;
  return true;
}

HeadError ContentLength::read(std::string_view value) {
  std::uint64_t length = 0;
  if (!parse_length(value, length)) return HeadError::kBadContentLength;
  if (known_ && length != value_) return HeadError::kBadContentLength;
  value_ = length;
  known_ = true;
  return HeadError::kNone;
}

HeadError TransferEncoding::read(std::string_view value) {
  present_ = true;
  bool any = false;
  const bool ok = for_each_element(value, [&](std::string_view coding) {
    any = true;
    if (chunked_last_) return false;  // nothing may follow `chunked`, not even `chunked`
    if (equals_lower(coding, "chunked")) return chunked_last_ = true;
    other_coding_ = true;
    return is_char(coding[0], kTokenChar);
  });
  return ok && any ? HeadError::kNone : HeadError::kBadTransferEncoding;
}

HeadError TransferEncoding::finish() const {
  if (!present_) return HeadError::kNone;
  if (!chunked_last_) return HeadError::kBadTransferEncoding;
  return other_coding_ ? HeadError::kUnknownTransferCoding : HeadError::kNone;
}

}  // namespace sluice::http1
