#include "logplex/cli/http_api.hpp"

#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "logplex/cli/cli_error.hpp"

namespace sluice {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using std::chrono::milliseconds;

constexpr milliseconds kConnectPatience{10'000};
constexpr milliseconds kAnswerPatience{60'000};
constexpr std::size_t kLargestAnswer = std::size_t{64} << 20;
constexpr std::size_t kPiece = 64 << 10;

http::request<http::string_body> message_of(const ApiRequest& request, const Endpoint& endpoint,
                                            const Secret& authorization) {
  http::request<http::string_body> message(http::string_to_verb(request.method), endpoint.prefix + request.target, 11);
  const bool bracketed = endpoint.host.find(':') != std::string::npos;
  const std::string host = bracketed ? "[" + endpoint.host + "]" : endpoint.host;
  const bool usual_port = endpoint.port == (endpoint.secure() ? "443" : "80");
  message.set(http::field::host, usual_port ? host : host + ":" + endpoint.port);
  message.set(http::field::user_agent, "sluice/" SLUICE_VERSION);
  message.set(http::field::accept, request.accept);
  message.set(http::field::connection, "close");
  if (!authorization.empty()) message.set(http::field::authorization, authorization.reveal());
  if (!request.body.empty()) message.set(http::field::content_type, request.content_type);
  for (const auto& [name, value] : request.headers) message.set(name, value);
  message.body() = request.body;
  if (!request.body.empty() || request.method != "GET") message.prepare_payload();
  return message;
}

/// A connection and the answer that is being read from it. Blocking calls made of asynchronous ones, because only those
/// have deadlines in Beast: start one, then run the context until it is done.
class HttpStream final : public ApiStream {
 public:
  explicit HttpStream(const Endpoint& endpoint) : endpoint_(endpoint), stream_(context_) {
    parser_.body_limit(boost::none);
  }

  result<void, Error> connect() {
    asio::ip::tcp::resolver resolver(context_);
    error_code failed;
    const auto addresses = resolver.resolve(endpoint_.host, endpoint_.port, failed);
    if (failed) return unreachable(failed);
    stream_.expires_after(kConnectPatience);
    stream_.async_connect(addresses, [this](error_code code, const auto&) { outcome_ = code; });
    SLUICE_TRY_VOID(finish());
    stream_.socket().set_option(asio::ip::tcp::no_delay(true), failed);
    stream_.socket().set_option(asio::socket_base::keep_alive(true), failed);
    return {};
  }

  result<void, Error> exchange(http::request<http::string_body> message) {
    stream_.expires_after(kAnswerPatience);
    http::async_write(stream_, message, [this](error_code code, std::size_t) { outcome_ = code; });
    const auto written = finish();
    // A server that refuses may answer and close before it has read everything: its answer says more than our error.
    stream_.expires_after(kAnswerPatience);
    http::async_read_header(stream_, buffer_, parser_, [this](error_code code, std::size_t) { outcome_ = code; });
    const auto read = finish();
    if (read.has_error()) return written.has_error() ? written.error() : read.error();
    return {};
  }

  unsigned status() const override { return parser_.get().result_int(); }

  result<std::string, Error> read(milliseconds patience) override {
    std::string piece(kPiece, '\0');
    while (!parser_.is_done()) {
      auto& body = parser_.get().body();
      body.data = piece.data();
      body.size = piece.size();
      stream_.expires_after(patience);
      http::async_read_some(stream_, buffer_, parser_, [this](error_code code, std::size_t) {
        outcome_ = code == http::error::need_buffer ? error_code{} : code;
      });
      SLUICE_TRY_VOID(finish());
      const std::size_t filled = piece.size() - parser_.get().body().size;
      if (filled > 0) return piece.substr(0, filled);
    }
    return std::string();
  }

 private:
  /// Runs the operation that was just started to its end.
  result<void, Error> finish() {
    context_.restart();
    context_.run();
    if (outcome_) return unreachable(outcome_);
    return {};
  }

  Error unreachable(error_code code) const {
    const bool silent = code == beast::error::timeout;
    const bool cut = code == http::error::end_of_stream || code == http::error::partial_message;
    const std::string why = silent ? "no answer in time" : cut ? "the connection was closed" : code.message();
    return cli_error(CliError::kUnreachable,
                     "cannot reach " + endpoint_.str() + ": " + why + "; is the server running? (--url, SLUICE_URL)");
  }

  Endpoint endpoint_;
  asio::io_context context_{1};
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  http::response_parser<http::buffer_body> parser_;
  error_code outcome_;
};

class HttpApi final : public Api {
 public:
  HttpApi(const Endpoint& endpoint, const Secret& authorization) : endpoint_(endpoint), authorization_(authorization) {}

  result<ApiAnswer, Error> call(const ApiRequest& request) override {
    SLUICE_TRY(auto stream, open(request));
    ApiAnswer answer{stream->status(), {}};
    while (true) {
      SLUICE_TRY(auto piece, stream->read(kAnswerPatience));
      if (piece.empty()) return answer;
      answer.body += piece;
      if (answer.body.size() > kLargestAnswer) return failure("the answer of " + endpoint_.str() + " is too large");
    }
  }

  result<std::unique_ptr<ApiStream>, Error> open(const ApiRequest& request) override {
    if (endpoint_.secure()) return usage_error("https is not supported for " + endpoint_.str() + " yet; use http");
    auto stream = std::make_unique<HttpStream>(endpoint_);
    SLUICE_TRY_VOID(stream->connect());
    SLUICE_TRY_VOID(stream->exchange(message_of(request, endpoint_, authorization_)));
    return std::unique_ptr<ApiStream>(std::move(stream));
  }

 private:
  Endpoint endpoint_;
  Secret authorization_;
};

}  // namespace

std::unique_ptr<Api> make_http_api(const Endpoint& endpoint, const Secret& authorization) {
  return std::make_unique<HttpApi>(endpoint, authorization);
}

}  // namespace sluice
