#include "logplex/net/http/http_request_parser.hpp"

#include <algorithm>
#include <limits>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

namespace sluice {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::beast::string_view;

std::string text(string_view view) { return {view.data(), view.size()}; }

std::size_t count(const HttpHeaders& headers, std::string_view name) {
  return static_cast<std::size_t>(std::count_if(
      headers.begin(), headers.end(), [name](const auto& header) { return equal_ignoring_case(header.first, name); }));
}

/// Header fields that may occur once, because our servers base decisions on them: who may call, what the body is, what
/// to do. Of two values, a proxy in front may have checked the other one.
constexpr std::string_view kSingle[] = {"Authorization",     "Content-Type",     "Origin",
                                        "Sec-Fetch-Site",    "Expect",           "Last-Event-ID",
                                        "Logplex-Msg-Count", "Logplex-Frame-Id", "Logplex-Drain-Token"};

/// The first such field that occurs twice; empty when there is none.
std::string_view given_twice(const HttpHeaders& headers) {
  for (const std::string_view name : kSingle)
    if (count(headers, name) > 1) return name;
  return {};
}

/// Bytes of the head with its empty line, or 0 while it is incomplete; `scanned` is where the next search begins.
std::size_t head_size(std::string_view bytes, std::size_t& scanned) {
  const auto end = bytes.find("\r\n\r\n", scanned);
  if (end != std::string_view::npos) return end + 4;
  scanned = bytes.size() < 3 ? 0 : bytes.size() - 3;
  return 0;
}

/// Bytes of the empty lines with which the text begins: a client may send them before a request (RFC 9112, 2.2).
std::size_t empty_lines(std::string_view text) {
  std::size_t at = 0;
  while (text.substr(at).starts_with("\r\n")) at += 2;
  return at;
}

/// Methods are letters: input that begins with another byte (TLS, for example) is refused without reading on.
bool may_begin_request(std::string_view bytes) {
  return bytes.empty() || (bytes[0] >= 'A' && bytes[0] <= 'Z') || (bytes[0] >= 'a' && bytes[0] <= 'z');
}

/// A line that begins with white space continues the one before: obsolete, and read differently by different servers
/// (RFC 9112, 5.2).
bool has_folded_line(std::string_view head) {
  return head.find("\r\n ") != std::string_view::npos || head.find("\r\n\t") != std::string_view::npos;
}

/// The part of a target that names the resource: without scheme and authority (RFC 9112, 3.2.2).
std::string_view origin_form(std::string_view target) {
  const auto scheme = target.find("://");
  if (target.starts_with('/') || scheme == std::string_view::npos) return target;
  const auto path = target.find_first_of("/?", scheme + 3);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

/// False for a bad escape.
bool split_query(std::string_view query, std::vector<std::pair<std::string, std::string>>& out) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto entry = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (entry.empty()) continue;
    const auto equals = entry.find('=');
    auto& [name, value] = out.emplace_back();
    if (!percent_decode(entry.substr(0, equals), true, name)) return false;
    if (equals != std::string_view::npos && !percent_decode(entry.substr(equals + 1), true, value)) return false;
  }
  return true;
}

}  // namespace

class HttpRequestParser::Beast final : public http::basic_parser<true> {
 public:
  HttpRequest head;
  bool query_ok = true;

 private:
  void on_request_impl(http::verb, string_view method, string_view target, int version, error_code&) override {
    head.method = text(method);
    head.target = text(target);
    head.version = version;
    const std::string_view resource = origin_form(head.target);
    const auto question = resource.find('?');
    head.path = resource.substr(0, question);
    if (question != std::string_view::npos) query_ok = split_query(resource.substr(question + 1), head.query);
  }
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(http::field, string_view name, string_view value, error_code&) override {
    head.headers.emplace_back(text(name), text(value));
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}
};

HttpRequestParser::HttpRequestParser(Bytes header_max)
    : beast_(std::make_unique<Beast>()), header_max_(header_max.count) {
  beast_->header_limit(std::numeric_limits<std::uint32_t>::max());  // Beast would count each piece by itself
  beast_->body_limit(boost::none);                                  // the reader of the body has the limit
}

HttpRequestParser::~HttpRequestParser() = default;

std::size_t HttpRequestParser::feed_head(std::string_view bytes) {
  const std::size_t empty = empty_lines(bytes);
  bytes.remove_prefix(empty);
  if (bytes == "\r") return empty;  // perhaps half of another empty line
  if (!may_begin_request(bytes)) {
    refuse(400, "this is not an HTTP request");
    return 0;
  }
  const std::size_t size = head_size(bytes, scanned_);
  if (size > header_max_ || (size == 0 && bytes.size() > header_max_)) {
    refuse(431, "the head of the request is too large");
    return 0;
  }
  if (size == 0) return empty;
  error_code failed;
  beast_->put(asio::const_buffer(bytes.data(), size), failed);
  if (failed || !head_done()) {
    refuse(400, "the request is malformed: " + (failed ? failed.message() : "the head has no end"));
  } else {
    check_head(bytes.substr(0, size));
    body_ = beast_->chunked() ? BodyDecoder::chunked() : BodyDecoder::of_length(content_length().value_or(0));
  }
  return empty + size;
}

bool HttpRequestParser::head_done() const { return beast_->is_header_done(); }

void HttpRequestParser::check_head(std::string_view raw) {
  const HttpRequest& head = beast_->head;
  const std::string* length = head.header("content-length");
  const std::string* coding = head.header("transfer-encoding");
  const auto hosts = count(head.headers, "host");
  if (has_folded_line(raw)) return refuse(400, "a header is folded over several lines");
  if (!beast_->query_ok) return refuse(400, "the query has a broken percent escape");
  if (coding != nullptr && length != nullptr) return refuse(400, "both Content-Length and Transfer-Encoding are given");
  if (coding != nullptr && head.version < 11) return refuse(400, "Transfer-Encoding is not for HTTP/1.0");
  if (coding != nullptr && (count(head.headers, "transfer-encoding") > 1 || !equal_ignoring_case(*coding, "chunked")))
    return refuse(501, "the only supported transfer coding is chunked");
  if (length != nullptr && (length->empty() || length->find_first_not_of("0123456789") != std::string::npos))
    return refuse(400, "Content-Length is not a number");
  if (count(head.headers, "content-length") > 1) return refuse(400, "Content-Length is given twice");
  if (hosts > 1 || (hosts == 0 && head.version >= 11)) return refuse(400, "there must be one Host header");
  if (const auto twice = given_twice(head.headers); !twice.empty())
    return refuse(400, std::string(twice) + " is given twice");
  if (const auto* expect = head.header("expect"); expect != nullptr && head.version >= 11) {
    if (!equal_ignoring_case(*expect, "100-continue"))
      return refuse(417, "the only supported expectation is 100-continue");
    expects_continue_ = true;
  }
}

void HttpRequestParser::take_head(HttpRequest& request) { request = std::move(beast_->head); }

std::optional<std::uint64_t> HttpRequestParser::content_length() const {
  if (const auto length = beast_->content_length()) return *length;
  return std::nullopt;
}

bool HttpRequestParser::has_body() const { return beast_->chunked() || content_length().value_or(0) > 0; }

bool HttpRequestParser::keep_alive() const { return beast_->keep_alive(); }

result<std::size_t> HttpRequestParser::feed_body(std::string_view bytes, std::string& body) {
  std::size_t taken = 0;
  while (taken < bytes.size() && !body_->done()) {
    std::string_view data;
    SLUICE_TRY(const auto step, body_->next(bytes.substr(taken), data));
    body.append(data);
    taken += step;
  }
  return taken;
}

bool HttpRequestParser::body_done() const { return body_ && body_->done(); }

}  // namespace sluice
