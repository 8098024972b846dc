#include "logplex/cli/client/http_api.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "logplex/cli/view/cli_error.hpp"
#include "logplex/net/net_error.hpp"
#include "logplex/net/tls/blocking_stream.hpp"

namespace sluice::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using std::chrono::milliseconds;

constexpr milliseconds kConnectPatience{10'000};
constexpr milliseconds kAnswerPatience{60'000};
constexpr std::size_t kLargestAnswer = std::size_t{64} << 20;
constexpr std::size_t kPiece = 64 << 10;

Error unreachable(const Endpoint& endpoint, const std::string& why) {
  const bool answers = why.find("TLS") != std::string::npos;  // a server answers, but TLS fails
  const char* hint =
      answers ? "; did you mean http://? (--url, SLUICE_URL)" : "; is the server running? (--url, SLUICE_URL)";
  return cli_error(CliError::kUnreachable, "cannot reach " + endpoint.str() + ": " + why + hint);
}

std::string words_of(error_code code) {
  if (code == NetError::kTimedOut) return "no answer in time";
  const bool closed = code == http::error::end_of_stream || code == http::error::partial_message ||
                      code == asio::error::eof || code == asio::error::connection_reset;
  return closed ? "the connection was closed" : code.message();
}

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

/// Adapts the stream to Beast's blocking functions.
class BeastStream {
 public:
  explicit BeastStream(std::unique_ptr<BlockingStream> stream) : stream_(std::move(stream)) {}

  BlockingStream& stream() { return *stream_; }

  template <class Buffers>
  std::size_t read_some(const Buffers& buffers, error_code& failed) {
    const asio::mutable_buffer into = *asio::buffer_sequence_begin(buffers);
    return outcome(stream_->read_some({static_cast<char*>(into.data()), into.size()}), failed);
  }

  /// Beast writes a head as many small buffers: joined, they make one packet.
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers, error_code& failed) {
    return outcome(stream_->write_some(beast::buffers_to_string(buffers)), failed);
  }

  template <class Buffers>
  std::size_t read_some(const Buffers& buffers) {
    return or_throw([&](error_code& failed) { return read_some(buffers, failed); });
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers) {
    return or_throw([&](error_code& failed) { return write_some(buffers, failed); });
  }

 private:
  static std::size_t outcome(result<std::size_t> size, error_code& failed) {
    failed = size.has_error() ? size.error() : error_code();
    return size.has_error() ? 0 : *size;
  }

  template <class Operation>
  static std::size_t or_throw(Operation operation) {
    error_code failed;
    const std::size_t size = operation(failed);
    if (failed) throw boost::system::system_error(failed);
    return size;
  }

  std::unique_ptr<BlockingStream> stream_;
};

/// A connection and the answer being read from it.
class HttpStream final : public ApiStream {
 public:
  HttpStream(const Endpoint& endpoint, std::unique_ptr<BlockingStream> stream)
      : endpoint_(endpoint), stream_(std::move(stream)) {
    parser_.body_limit(boost::none);
  }

  result<void, Error> exchange(const http::request<http::string_body>& message) {
    stream_.stream().set_patience(kAnswerPatience);
    error_code not_written;
    http::write(stream_, message, not_written);
    // A server that refuses a request may answer and close before it has read all of it: its answer says more than our
    // write error.
    error_code not_read;
    http::read_header(stream_, buffer_, parser_, not_read);
    if (not_read) return unreachable(endpoint_, words_of(not_written ? not_written : not_read));
    return {};
  }

  unsigned status() const override { return parser_.get().result_int(); }

  result<std::string, Error> read(milliseconds patience) override {
    std::string piece(kPiece, '\0');
    stream_.stream().set_patience(patience);
    while (!parser_.is_done()) {
      auto& body = parser_.get().body();
      body.data = piece.data();
      body.size = piece.size();
      error_code failed;
      http::read_some(stream_, buffer_, parser_, failed);
      if (failed && failed != http::error::need_buffer) return unreachable(endpoint_, words_of(failed));
      const std::size_t filled = piece.size() - parser_.get().body().size;
      if (filled > 0) return piece.substr(0, filled);
    }
    return std::string();
  }

 private:
  Endpoint endpoint_;
  BeastStream stream_;
  beast::flat_buffer buffer_;
  http::response_parser<http::buffer_body> parser_;
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
    SLUICE_TRY(auto connected, connect());
    auto stream = std::make_unique<HttpStream>(endpoint_, std::move(connected));
    SLUICE_TRY_VOID(stream->exchange(message_of(request, endpoint_, authorization_)));
    return std::unique_ptr<ApiStream>(std::move(stream));
  }

 private:
  result<std::unique_ptr<BlockingStream>, Error> connect() {
    if (endpoint_.secure() && !tls_) {
      SLUICE_TRY(tls_, TlsContext::make({}));
    }
    auto stream = connect_blocking(endpoint_.host, endpoint_.port, tls_, kConnectPatience);
    if (stream.has_value()) return stream;
    if (stream.error().code != NetError::kTlsCertificate) return unreachable(endpoint_, stream.error().text());
    return failure("cannot verify the certificate of " + endpoint_.str() + ": " + stream.error().text() +
                   "; to use another CA file, set SSL_CERT_FILE");
  }

  Endpoint endpoint_;
  Secret authorization_;
  std::shared_ptr<const TlsContext> tls_;
};

}  // namespace

std::unique_ptr<Api> make_http_api(const Endpoint& endpoint, const Secret& authorization) {
  return std::make_unique<HttpApi>(endpoint, authorization);
}

}  // namespace sluice::cli
