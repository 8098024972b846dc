#include "router/http1/request.hpp"

#include <algorithm>

#include "router/http1/scan.hpp"

namespace sluice::router::http1 {
namespace {

constexpr std::size_t kLongestMethod = 127;
constexpr std::uint8_t kMostEmptyLines = 5;
constexpr std::string_view kVersionPrefix = "HTTP/1.";

/// True for `HTTP/` with digits and points: a version, but not one that we support.
bool is_other_version(std::string_view version) {
  if (!version.starts_with("HTTP/") || version.size() < 6) return false;
  version.remove_prefix(5);
  return is_char(version[0], kDigitChar) &&
         std::all_of(version.begin(), version.end(), [](char c) { return is_char(c, kDigitChar) || c == '.'; });
}

}  // namespace

template class HeadParser<RequestParser, RequestHead>;

void RequestParser::reset() {
  reset_head();
  started_ = false;
  empty_lines_ = 0;
  hosts_ = 0;
  absolute_form_ = false;
  h2c_ = upgrade_field_ = false;
}

Progress RequestParser::read_first_line(std::size_t size) {
  const LineScanner::Bounds bounds{limits_.start_line, limits_.head, HeadError::kRequestLineTooLong};
  for (;;) {
    const std::size_t start = lines_.consumed();
    if (start == size) return Progress::kMore;
    const char first = bytes()[start];
    if (first != '\r') {
      // A client that speaks another protocol, such as TLS, gets an error at its first byte.
      if (first == '\n') return fail(HeadError::kBareLf);
      if (!is_char(first, kTokenChar)) return fail(HeadError::kBadMethod);
      started_ = true;
    }
    Span line;
    const Progress found = lines_.next(bytes(), size, bounds, line);
    if (found == Progress::kMore) return found;
    if (found == Progress::kError) return fail(lines_.error());
    if (line.size == 0) {
      if (++empty_lines_ > kMostEmptyLines) return fail(HeadError::kTooManyEmptyLines);
      continue;
    }
    const HeadError error = split_request_line(line);
    return error == HeadError::kNone ? Progress::kDone : fail(error);
  }
}

HeadError RequestParser::split_request_line(Span line) {
  const std::string_view whole = text(line);
  std::size_t method_size = 0;
  if (const HeadError error = read_method(whole, method_size); error != HeadError::kNone) return error;
  head_.method_at = {line.at, static_cast<std::uint32_t>(method_size)};
  const std::size_t target_at = method_size + 1;
  // Usually the first special character in a target is the space after it.
  const char* const stop = find_target_end(whole.data() + target_at);
  const bool plain = *stop == ' ';
  const std::size_t space = plain ? static_cast<std::size_t>(stop - whole.data()) : whole.find(' ', target_at);
  if (space == std::string_view::npos || space == target_at) return HeadError::kBadRequestLine;
  const std::string_view version = whole.substr(space + 1);
  if (version.size() != 8 || !version.starts_with(kVersionPrefix) || !is_char(version[7], kDigitChar))
    return is_other_version(version) ? HeadError::kBadVersion : HeadError::kBadRequestLine;
  // RFC 9110 section 2.5: treat a higher minor version as our highest.
  head_.version = version[7] == '0' ? HttpVersion::k10 : HttpVersion::k11;
  if (head_.method() == "CONNECT") return HeadError::kConnect;
  return read_target({static_cast<std::uint32_t>(line.at + target_at), static_cast<std::uint32_t>(space - target_at)},
                     plain);
}

HeadError RequestParser::read_method(std::string_view line, std::size_t& size) {
  while (size < line.size() && is_char(line[size], kTokenChar)) ++size;
  if (size == line.size()) return HeadError::kBadRequestLine;
  return line[size] == ' ' && size <= kLongestMethod ? HeadError::kNone : HeadError::kBadMethod;
}

/// `plain`: the target has neither tab nor fragment.
HeadError RequestParser::read_target(Span target, bool plain) {
  const std::string_view whole = text(target);
  if (!plain) {
    if (whole.find('\t') != std::string_view::npos) return HeadError::kBadTarget;
    target.size = static_cast<std::uint32_t>(std::min(whole.find('#'), whole.size()));
  }
  if (whole[0] == '/') {
    head_.target_at = target;
    return HeadError::kNone;
  }
  if (whole != "*") return read_absolute_form(target);
  head_.target_at = target;
  return head_.method() == "OPTIONS" ? HeadError::kNone : HeadError::kBadTarget;
}

/// `http://authority/path`: the authority names the host and replaces the Host field.
HeadError RequestParser::read_absolute_form(Span target) {
  const std::string_view whole = text(target);
  std::size_t authority = 0;
  for (const std::string_view scheme : {"http://", "https://"})
    if (whole.size() > scheme.size() && equals_lower(whole.substr(0, scheme.size()), scheme)) authority = scheme.size();
  if (authority == 0) return HeadError::kBadTarget;
  const std::size_t path = std::min(whole.find_first_of("/?", authority), whole.size());
  if (path == authority) return HeadError::kBadTarget;
  absolute_form_ = true;
  head_.authority_at = {static_cast<std::uint32_t>(target.at + authority),
                        static_cast<std::uint32_t>(path - authority)};
  if (!read_host(head_.authority())) return HeadError::kBadHost;
  head_.target_at = {static_cast<std::uint32_t>(target.at + path), static_cast<std::uint32_t>(whole.size() - path)};
  return HeadError::kNone;
}

HeadError RequestParser::on_field(const Field& field) {
  const std::string_view value = text(field.value);
  switch (field.kind) {
    case FieldKind::kHost:
      return on_host(field);
    case FieldKind::kConnection:
      return connection_.read(value);
    case FieldKind::kContentLength:
      return read_content_length(value, head_);
    case FieldKind::kTransferEncoding:
      return read_coding(value);
    case FieldKind::kUpgrade:
      return on_upgrade(value);
    case FieldKind::kExpect:
      on_expect(value);
      return HeadError::kNone;
    default:
      return HeadError::kNone;
  }
}

HeadError RequestParser::on_host(const Field& field) {
  if (hosts_++ > 0) {
    head_.host = {};  // we cannot tell which app it is for
    return HeadError::kSeveralHosts;
  }
  if (absolute_form_) return Host().parse(text(field.value)) ? HeadError::kNone : HeadError::kBadHost;
  head_.authority_at = field.value;
  return read_host(text(field.value)) ? HeadError::kNone : HeadError::kBadHost;
}

bool RequestParser::read_host(std::string_view value) {
  const bool valid = host_.parse(value);
  head_.host = host_.name();
  return valid;
}

HeadError RequestParser::on_upgrade(std::string_view value) {
  const bool valid = for_each_element(value, [this](std::string_view protocol) {
    upgrade_field_ = true;
    h2c_ |= equals_lower(protocol, "h2c");
    return std::all_of(protocol.begin(), protocol.end(), [](char c) { return is_char(c, kTokenChar) || c == '/'; });
  });
  return valid ? HeadError::kNone : HeadError::kBadUpgrade;
}

void RequestParser::on_expect(std::string_view value) {
  if (value.empty()) return;
  const bool token = std::all_of(value.begin(), value.end(), [](char c) { return is_char(c, kTokenChar); });
  Expectation here = token ? Expectation::kUnsupported : Expectation::kMalformed;
  if (equals_lower(value, "100-continue")) here = Expectation::kContinue;
  head_.expectation = std::max(head_.expectation, here);
}

HeadError RequestParser::finish() {
  if (hosts_ == 0 && !(absolute_form_ && http_1_0())) return HeadError::kNoHost;
  if (const HeadError error = finish_framing(); error != HeadError::kNone) return error;
  if (connection_.upgrade && !http_1_0()) {
    if (!upgrade_field_) return HeadError::kBadUpgrade;
    head_.wants_upgrade = !h2c_;
  }
  return connection_.names_fields ? fields_.apply_connection(bytes()) : HeadError::kNone;
}

HeadError RequestParser::finish_framing() const {
  if (!transfer_encoding_.present()) return HeadError::kNone;
  if (http_1_0()) return HeadError::kTransferEncodingIn10;
  if (head_.has_length) return HeadError::kLengthAndTransferEncoding;
  return transfer_encoding_.finish();
}

}  // namespace sluice::router::http1
