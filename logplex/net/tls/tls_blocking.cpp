#include "logplex/net/tls/tls_blocking.hpp"

#include <poll.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "logplex/net/tls/tls_limits.hpp"
#include "logplex/net/tls/tls_native.hpp"

namespace sluice {
namespace {

using Session = std::unique_ptr<SSL, decltype(&::SSL_free)>;

class TlsBlockingStream final : public BlockingStream {
 public:
  TlsBlockingStream(BlockingSocket socket, std::shared_ptr<const TlsContext> context)
      : context_(std::move(context)),
        socket_(std::move(socket)),
        session_(::SSL_new(context_->native().context.native_handle()), &::SSL_free) {}

  void set_patience(std::chrono::milliseconds patience) override { socket_.set_patience(patience); }

  result<void, Error> handshake(const std::string& name) {
    if (!session_ || ::SSL_set_fd(session_.get(), socket_.fd()) != 1 || !expect_name(name)) {
      return Error{NetError::kTlsHandshake, "the host name cannot be used for TLS"};
    }
    const auto done = repeat([this] { return ::SSL_connect(session_.get()); });
    if (done.has_value()) return {};
    const long verified = ::SSL_get_verify_result(session_.get());
    if (const std::string fault = take_chain_fault(); !fault.empty()) {
      return Error{NetError::kTlsCertificate, "the other end's certificate is not accepted: " + fault};
    }
    if (verified != X509_V_OK && !context_->insecure()) {
      return Error{NetError::kTlsCertificate, ::X509_verify_cert_error_string(verified)};
    }
    return Error{done.error() == NetError::kTimedOut ? NetError::kTimedOut : NetError::kTlsHandshake, reason_};
  }

  result<std::size_t> read_some(std::span<char> into) override {
    const int most = static_cast<int>(std::min<std::size_t>(into.size(), 1 << 20));
    return repeat([&] { return ::SSL_read(session_.get(), into.data(), most); });
  }

  result<std::size_t> write_some(std::string_view bytes) override {
    const int most = static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 20));
    return repeat([&] { return ::SSL_write(session_.get(), bytes.data(), most); });
  }

 private:
  bool expect_name(const std::string& name) {
    error_code not_literal;
    boost::asio::ip::make_address(name, not_literal);
    if (not_literal && !set_server_name(session_.get(), name)) return false;
    X509_VERIFY_PARAM* expected = ::SSL_get0_param(session_.get());
    ::X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return (not_literal ? ::X509_VERIFY_PARAM_set1_host(expected, name.c_str(), 0)
                        : ::X509_VERIFY_PARAM_set1_ip_asc(expected, name.c_str())) == 1;
  }

  /// Repeats an OpenSSL operation, waiting for the socket as OpenSSL asks, until it succeeds or fails.
  template <class Operation>
  result<std::size_t> repeat(Operation operation) {
    while (true) {
      ::ERR_clear_error();
      const int done = operation();
      if (done > 0) return static_cast<std::size_t>(done);
      const int why = ::SSL_get_error(session_.get(), done);
      if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) return failure_of(why);
      const auto ready = socket_.wait(why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT);
      if (ready.has_error()) return failed("no answer in time", ready.error());
    }
  }

  error_code failure_of(int why) {
    if (why == SSL_ERROR_ZERO_RETURN) return failed("the connection was closed", boost::asio::error::eof);
    if (why == SSL_ERROR_SYSCALL && errno != 0) {
      const error_code code(errno, boost::system::system_category());
      return failed(code.message(), code);
    }
    const bool cut = ERR_GET_REASON(::ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    const unsigned long code = ::ERR_peek_last_error();
    ::ERR_clear_error();
    if (cut || code == 0) return failed("the connection was closed", boost::asio::error::eof);
    return failed(tls_failure_text(code), make_error_code(NetError::kTlsHandshake));
  }

  error_code failed(std::string reason, error_code code) {
    reason_ = std::move(reason);
    return code;
  }

  std::shared_ptr<const TlsContext> context_;
  BlockingSocket socket_;
  Session session_;
  std::string reason_;  // of the last failure, in words
};

}  // namespace

result<std::unique_ptr<BlockingStream>, Error> connect_blocking_tls(BlockingSocket socket,
                                                                    std::shared_ptr<const TlsContext> context,
                                                                    const std::string& server_name) {
  auto stream = std::make_unique<TlsBlockingStream>(std::move(socket), std::move(context));
  SLUICE_TRY_VOID(stream->handshake(server_name));
  return std::unique_ptr<BlockingStream>(std::move(stream));
}

}  // namespace sluice
