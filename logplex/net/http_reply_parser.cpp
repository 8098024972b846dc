#include "logplex/net/http_reply_parser.hpp"

#include <algorithm>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

namespace sluice {
namespace {

namespace http = boost::beast::http;
using boost::beast::string_view;

}  // namespace

class HttpReplyParser::Beast final : public http::basic_parser<false> {
 public:
  explicit Beast(HttpReply& r) : reply(r) {
    header_limit(2 * HttpConnection::kHeadMax);
    body_limit(boost::none);
  }
  HttpReply& reply;

 private:
  void on_request_impl(http::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int code, string_view, int, error_code&) override { reply.status = code; }
  void on_field_impl(http::field, string_view name, string_view value, error_code&) override {
    reply.headers.emplace_back(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}
};

HttpReplyParser::HttpReplyParser(HttpReply& reply) : reply_(reply), beast_(std::make_unique<Beast>(reply)) {}

HttpReplyParser::~HttpReplyParser() = default;

result<std::size_t> HttpReplyParser::feed(std::string_view bytes) {
  std::size_t taken = 0;
  if (!body_) {
    SLUICE_TRY(taken, feed_head(bytes));
  }
  while (body_ && !body_->done() && taken < bytes.size()) {
    std::string_view data;
    SLUICE_TRY(const auto step, body_->next(bytes.substr(taken), data));
    taken += step;
    SLUICE_TRY_VOID(keep(data));
  }
  return taken;
}

result<std::size_t> HttpReplyParser::feed_head(std::string_view bytes) {
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() > HttpConnection::kHeadMax) return NetError::kHeadTooLarge;
    return std::size_t{0};
  }
  error_code failed;
  const auto taken = beast_->put(boost::asio::const_buffer(bytes.data(), end + 4), failed);
  if (failed || !beast_->is_header_done()) return NetError::kMalformed;
  body_ = body_of_head();
  return taken;
}

/// RFC 9112, 6.3.
BodyDecoder HttpReplyParser::body_of_head() const {
  const bool none = reply_.status / 100 == 1 || reply_.status == 204 || reply_.status == 304;
  if (none) return BodyDecoder::of_length(0);
  if (beast_->chunked()) return BodyDecoder::chunked();
  if (const auto length = beast_->content_length()) return BodyDecoder::of_length(*length);
  return BodyDecoder::until_end();
}

result<void> HttpReplyParser::keep(std::string_view data) {
  reply_.body_bytes += data.size();
  if (reply_.body_bytes > HttpConnection::kBodyMax) return NetError::kBodyTooLarge;
  reply_.body.append(data.substr(0, HttpConnection::kBodyKept - reply_.body.size()));
  return {};
}

result<void> HttpReplyParser::feed_end() {
  if (!body_ || !body_->ends_with_connection()) return NetError::kClosed;
  ended_ = true;
  return {};
}

bool HttpReplyParser::done() const { return ended_ || (body_ && body_->done()); }

bool HttpReplyParser::keep_alive() const { return !ended_ && beast_->keep_alive(); }

}  // namespace sluice
