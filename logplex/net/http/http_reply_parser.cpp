#include "logplex/net/http/http_reply_parser.hpp"

#include <algorithm>
#include <charconv>

namespace sluice {
namespace {

/// Header fields that are kept; no receiver needs more.
constexpr std::size_t kFieldsMax = 128;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Whether a comma-separated field has this element.
bool lists(std::string_view value, std::string_view wanted) {
  while (!value.empty()) {
    const auto comma = std::min(value.find(','), value.size());
    if (equal_ignoring_case(trimmed(value.substr(0, comma)), wanted)) return true;
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return false;
}

}  // namespace

result<std::size_t> HttpReplyParser::feed(std::string_view bytes) {
  std::size_t taken = 0;
  while (!done() && taken < bytes.size()) {
    if (body_) {
      taken += feed_body(bytes.substr(taken));
      continue;
    }
    SLUICE_TRY(const auto step, feed_line(bytes.substr(taken)));
    if (step == 0) break;
    taken += step;
  }
  return taken;
}

/// Returns 0 while the line is incomplete.
result<std::size_t> HttpReplyParser::feed_line(std::string_view bytes) {
  const auto end = bytes.find('\n');
  const auto size = end == std::string_view::npos ? bytes.size() : end + 1;
  if (head_bytes_ + size > HttpClient::kHeadMax) {
    if (reply_.status == 0) return NetError::kHeadTooLarge;
    broken_ = true;
    return bytes.size();
  }
  if (end == std::string_view::npos) return std::size_t{0};
  head_bytes_ += size;
  std::string_view line = bytes.substr(0, end);
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  else
    odd_ = true;
  SLUICE_TRY_VOID(take_line(line));
  return size;
}

result<void> HttpReplyParser::take_line(std::string_view line) {
  if (reply_.status != 0) {
    if (line.empty())
      end_head();
    else
      take_field(line);
    return {};
  }
  odd_ = odd_ || line.empty();
  if (!line.empty() && !take_status_line(line)) return NetError::kMalformed;
  return {};
}

/// `HTTP/1.1 200 OK`, in any case and version, with any number of blanks, with or without a reason.
bool HttpReplyParser::take_status_line(std::string_view line) {
  constexpr std::string_view kName = "HTTP/";
  if (!equal_ignoring_case(line.substr(0, kName.size()), kName)) return false;
  odd_ = odd_ || !line.starts_with(kName);
  const auto version_end = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view version = line.substr(kName.size(), version_end - kName.size());
  const bool plain = std::all_of(version.begin(), version.end(), [](char c) { return is_digit(c) || c == '.'; });
  if (version.empty() || !plain) return false;
  const std::string_view rest = trimmed(line.substr(version_end));
  const auto digits = std::min(rest.find_first_of(" \t"), rest.size());
  if (digits != 3 || !std::all_of(rest.begin(), rest.begin() + 3, is_digit)) return false;
  std::from_chars(rest.data(), rest.data() + digits, reply_.status);
  persistent_ = version == "1.1";
  odd_ = odd_ || (version != "1.1" && version != "1.0");
  return reply_.status >= 100;
}

void HttpReplyParser::take_field(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || is_blank(line.front())) {
    odd_ = true;
    return;
  }
  const std::string_view name = trimmed(line.substr(0, colon));
  const std::string_view value = trimmed(line.substr(colon + 1));
  odd_ = odd_ || name.empty() || name.size() != colon || reply_.headers.size() == kFieldsMax;
  note_field(name, value);
  if (reply_.headers.size() < kFieldsMax) reply_.headers.emplace_back(std::string(name), std::string(value));
}

void HttpReplyParser::note_field(std::string_view name, std::string_view value) {
  if (equal_ignoring_case(name, "Connection")) {
    if (lists(value, "keep-alive")) persistent_ = true;
    if (lists(value, "close")) odd_ = true;
  } else if (equal_ignoring_case(name, "Content-Length")) {
    length_.differs = length_.differs || (length_.content_length && *length_.content_length != value);
    length_.content_length = std::string(value);
  } else if (equal_ignoring_case(name, "Transfer-Encoding")) {
    length_.unknown = length_.unknown || length_.chunked || !equal_ignoring_case(value, "chunked");
    length_.chunked = true;
  }
}

void HttpReplyParser::end_head() {
  body_ = body_of_head();
  broken_ = !body_;
  // After an upgrade the connection speaks another protocol.
  if (reply_.status == 101) broken_ = true;
}

/// By RFC 9112, 6.3; none when the end of the body cannot be known.
std::optional<BodyDecoder> HttpReplyParser::body_of_head() const {
  const bool none = reply_.status / 100 == 1 || reply_.status == 204 || reply_.status == 304;
  if (none) return BodyDecoder::of_length(0);
  if (length_.unknown || length_.differs || (length_.chunked && length_.content_length)) return std::nullopt;
  if (length_.chunked) return BodyDecoder::chunked();
  if (!length_.content_length) return BodyDecoder::until_end();
  const std::string& text = *length_.content_length;
  std::uint64_t length = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (wrong != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return BodyDecoder::of_length(length);
}

std::size_t HttpReplyParser::feed_body(std::string_view bytes) {
  std::string_view data;
  const auto taken = body_->next(bytes, data);
  broken_ = !taken || !keep(data);
  return taken ? *taken : bytes.size();
}

bool HttpReplyParser::keep(std::string_view data) {
  reply_.body_bytes += data.size();
  reply_.body.append(data.substr(0, HttpClient::kBodyKept - reply_.body.size()));
  return reply_.body_bytes <= HttpClient::kBodyMax;
}

result<void> HttpReplyParser::feed_end() {
  if (reply_.status == 0) return NetError::kClosed;
  broken_ = true;
  return {};
}

}  // namespace sluice
