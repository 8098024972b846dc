#include "router/http1/fields.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "router/http1/scan.hpp"

namespace sluice::router::http1 {
namespace {

constexpr KnownField kNames[] = {
    {"te", FieldKind::kHopByHop},
    {"via", FieldKind::kVia},
    {"date", FieldKind::kDate},
    {"host", FieldKind::kHost},
    {"expect", FieldKind::kExpect},
    {"proxy", FieldKind::kProxy},
    {"upgrade", FieldKind::kUpgrade},
    {"forwarded", FieldKind::kForwarded},
    {"x-real-ip", FieldKind::kRealIp},
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
    {"x-forwarded-client-cert", FieldKind::kClientCert},
};

constexpr KnownFields place_all() {
  KnownFields fields{};
  for (const KnownField& field : kNames) {
    KnownField& place = fields[place_of_name(field.name)];
    if (!place.name.empty()) throw "two names have the same place: choose other factors";
    place = field;
  }
  return fields;
}
constexpr KnownFields kPlaced = place_all();

/// The characters at `at` with bit 0x20 set. This lower-cases letters and leaves the other characters of known names.
template <class Word>
Word folded(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return static_cast<Word>(word | static_cast<Word>(0x2020202020202020));
}

template <class Word>
bool same_folded(const char* a, const char* b, std::size_t size) {
  for (std::size_t at = 0; at + sizeof(Word) < size; at += sizeof(Word))
    if (folded<Word>(a + at) != folded<Word>(b + at)) return false;
  const std::size_t last = size - sizeof(Word);
  return folded<Word>(a + last) == folded<Word>(b + last);
}

/// True when the text equals a known name of letters and hyphens, ignoring case. Compares word by word; the last two
/// words overlap. Setting bit 0x20 makes different bytes equal only when they are one letter in two cases, or a hyphen
/// and a control byte, which the text does not contain. At least two characters.
bool is_same(std::string_view text, std::string_view known) {
  const std::size_t size = known.size();
  if (text.size() != size) return false;
  if (size >= sizeof(std::uint64_t)) return same_folded<std::uint64_t>(text.data(), known.data(), size);
  if (size >= sizeof(std::uint32_t)) return same_folded<std::uint32_t>(text.data(), known.data(), size);
  return same_folded<std::uint16_t>(text.data(), known.data(), size);
}

constexpr std::size_t kMostConnectionOptions = 64;

}  // namespace

const KnownFields kKnownFields = kPlaced;

namespace {

char folded_char(char c) {
  const char lower = to_lower(c);
  return (lower >= 'a' && lower <= 'z') || is_char(c, kDigitChar) ? lower : '-';
}

bool same_folded_names(std::string_view name, std::string_view known) {
  return name.size() == known.size() && std::equal(name.begin(), name.end(), known.begin(),
                                                   [](char c, char wanted) { return folded_char(c) == wanted; });
}

/// place_of_name() gives it the same place as x-forwarded-port.
constexpr std::string_view kForwardedHostName = "x-forwarded-host";

/// Fields that may not stand in a trailer, besides those of kNames.
constexpr std::string_view kNoTrailers[] = {
    "authorization", "proxy-authenticate", "www-authenticate", "cookie",        "trailer",
    "content-type",  "content-encoding",   "content-range",    "cache-control", "max-forwards",
};

/// kFolded when the name differs from the known one only in the characters in place of its hyphens, else kOther. Also
/// recognizes x-forwarded-host, which shares the place of x-forwarded-port.
[[gnu::noinline, gnu::cold]] FieldKind kind_of_similar(std::string_view name, const KnownField& known) {
  if (known.kind == FieldKind::kForwardedPort && same_folded_names(name, kForwardedHostName))
    return same_name(name, kForwardedHostName) ? FieldKind::kForwardedHost : FieldKind::kFolded;
  return same_folded_names(name, known.name) ? FieldKind::kFolded : FieldKind::kOther;
}

}  // namespace

FieldKind kind_of_candidate(std::string_view name, const KnownField& known) {
  return is_same(name, known.name) ? known.kind : kind_of_similar(name, known);
}

bool may_be_trailer(std::string_view name) {
  const FieldKind kind = kind_of(name);
  if (kind != FieldKind::kOther && kind != FieldKind::kDate) return false;
  return std::none_of(std::begin(kNoTrailers), std::end(kNoTrailers),
                      [name](std::string_view no_trailer) { return same_folded_names(name, no_trailer); });
}

/// Why next() has no line to return. Errors are found in the order of the bytes.
Progress LineScanner::without_line(const char* head, std::size_t size, std::size_t found, const Bounds& bounds) {
  const std::size_t line_end = start_ + bounds.line + 1;  // a control byte must come before this
  if (found >= line_end && line_end <= bounds.head) return fail(bounds.too_long);
  if (found >= bounds.head) return fail(HeadError::kHeadTooLarge);
  scanned_ = static_cast<std::uint32_t>(found);
  if (found == size) return Progress::kMore;
  if (head[found] != '\r') return fail(head[found] == '\n' ? HeadError::kBareLf : HeadError::kControlByte);
  if (found + 2 > bounds.head) return fail(HeadError::kHeadTooLarge);
  return found + 1 == size ? Progress::kMore : fail(HeadError::kBareCr);
}

HeadError FieldList::name_fault(std::string_view line, std::size_t name_size) {
  if (name_size == 0) return is_blank(line[0]) ? HeadError::kObsFold : HeadError::kBadHeaderName;
  if (name_size == line.size()) return HeadError::kNoColon;
  if (!is_blank(line[name_size])) return HeadError::kBadHeaderName;
  const std::string_view rest = trim(line.substr(name_size));
  return !rest.empty() && rest[0] == ':' ? HeadError::kSpaceBeforeColon : HeadError::kNoColon;
}

HeadError FieldList::size_fault(const Field& field, const HeadLimits& limits) {
  if (field.name.size > limits.name) return HeadError::kHeaderNameTooLong;
  if (field.value.size > limits.value) return HeadError::kHeaderValueTooLong;
  return HeadError::kCookieTooLong;
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
    if (field.name.size != name.size() || !kEndToEnd.has(field.kind)) continue;
    if (same_name({head + field.name.at, field.name.size}, name)) field.named_in_connection = true;
  }
}

HeadError ConnectionOptions::read(std::string_view value) {
  const bool tokens_only = for_each_element(value, [this](std::string_view option) {
    if (is_same(option, "close")) return close = true;
    if (is_same(option, "keep-alive")) return keep_alive = true;
    if (is_same(option, "upgrade")) return upgrade = true;
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

HeadError read_content_length(std::string_view value, MessageHead& head) {
  std::uint64_t length = 0;
  if (!parse_length(value, length)) return HeadError::kBadContentLength;
  if (head.has_length && length != head.length) return HeadError::kBadContentLength;
  head.length = length;
  head.has_length = true;
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

}  // namespace sluice::router::http1
