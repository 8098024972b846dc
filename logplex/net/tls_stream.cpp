#include "logplex/net/tls_stream.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "logplex/net/tls_native.hpp"

namespace sluice {
namespace {

using SslStream = asio::ssl::stream<TcpSocket>;
using Certificate = std::unique_ptr<X509, decltype(&::X509_free)>;
using Bio = std::unique_ptr<BIO, decltype(&::BIO_free)>;

std::string name_text(const X509_NAME* name) {
  const Bio bio(::BIO_new(::BIO_s_mem()), &::BIO_free);
  ::X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  const long size = ::BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (::ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return WallTime(std::chrono::seconds(::timegm(&parts)));
}

TlsFacts facts_of(SSL* ssl) {
  TlsFacts facts;
  facts.version = ::SSL_get_version(ssl);
  facts.cipher = ::SSL_get_cipher_name(ssl);
  const Certificate certificate(::SSL_get1_peer_certificate(ssl), &::X509_free);
  if (!certificate) return facts;
  facts.subject = name_text(::X509_get_subject_name(certificate.get()));
  facts.issuer = name_text(::X509_get_issuer_name(certificate.get()));
  facts.not_before = time_of(::X509_get0_notBefore(certificate.get()));
  facts.not_after = time_of(::X509_get0_notAfter(certificate.get()));
  return facts;
}

/// Alerts with which the other end says that it does not accept our certificate, or wants one (RFC 8446, 6.2).
bool alert_about_certificate(int reason) {
  switch (reason) {
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return true;
    default:
      return false;
  }
}

bool refuses_certificate(error_code failed) {
  return failed.category() == asio::error::get_ssl_category() &&
         alert_about_certificate(ERR_GET_REASON(static_cast<unsigned long>(failed.value())));
}

Error handshake_error(SSL* ssl, error_code failed) {
  if (failed == asio::error::operation_aborted) return {failed, {}};
  const long verified = ::SSL_get_verify_result(ssl);
  if (verified != X509_V_OK && ::SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE)
    return {NetError::kTlsCertificate, ::X509_verify_cert_error_string(verified)};
  if (refuses_certificate(failed)) return {NetError::kTlsCertificate, failed.message()};
  return {NetError::kTlsHandshake, failed.message()};
}

class TlsStream final : public ByteStream {
 public:
  TlsStream(TcpSocket socket, std::shared_ptr<const TlsContext> context)
      : context_(std::move(context)), stream_(std::move(socket), context_->native().context) {
    error_code ignored;
    remote_ = stream_.next_layer().remote_endpoint(ignored);
  }

  Task<result<void, Error>> handshake(std::string server_name) {
    SLUICE_CO_TRY_VOID(expect_name(server_name));
    const auto [failed] = co_await stream_.async_handshake(asio::ssl::stream_base::client, use_tuple);
    if (failed) co_return handshake_error(stream_.native_handle(), failed);
    facts_ = facts_of(stream_.native_handle());
    co_return result<void, Error>();
  }

  Task<result<std::size_t>> read_some(std::span<char> into) override {
    const auto [failed, got] = co_await stream_.async_read_some(asio::buffer(into.data(), into.size()), use_tuple);
    // Many servers just close; our protocols say themselves where a message ends.
    if (failed == asio::ssl::error::stream_truncated) co_return make_error_code(asio::error::eof);
    // In TLS 1.3 our handshake is over before the server has looked at our certificate.
    if (refuses_certificate(failed)) co_return make_error_code(NetError::kTlsCertificate);
    if (failed) co_return failed;
    co_return got;
  }

  Task<result<void>> write_all(std::string_view first, std::string_view second) override {
    // A record a part would be two sends: small parts are joined, as OpenSSL has no gather.
    if (!second.empty() && !first.empty()) {
      std::string joined;
      joined.reserve(first.size() + second.size());
      joined.append(first).append(second);
      const auto [failed, sent] = co_await asio::async_write(stream_, asio::buffer(joined), use_tuple);
      if (failed) co_return failed;
      co_return result<void>();
    }
    const std::string_view only = first.empty() ? second : first;
    const auto [failed, sent] = co_await asio::async_write(stream_, asio::buffer(only.data(), only.size()), use_tuple);
    if (failed) co_return failed;
    co_return result<void>();
  }

  /// Sends close_notify without waiting for the peer's, then ends our direction.
  Task<void> shutdown() override {
    if (!is_open()) co_return;
    // As if the peer's close_notify had come: then OpenSSL sends ours and does not wait.
    ::SSL_set_shutdown(stream_.native_handle(), SSL_RECEIVED_SHUTDOWN);
    const auto [failed] = co_await stream_.async_shutdown(use_tuple);
    static_cast<void>(failed);
    error_code ignored;
    stream_.next_layer().shutdown(TcpSocket::shutdown_send, ignored);
  }

  void close() override {
    error_code ignored;
    stream_.next_layer().close(ignored);
  }
  bool is_open() const override { return stream_.next_layer().is_open(); }
  const TlsFacts* tls() const override { return &facts_; }
  asio::ip::tcp::endpoint remote() const override { return remote_; }

 protected:
  int fd() const override { return is_open() ? const_cast<SslStream&>(stream_).next_layer().native_handle() : -1; }

 private:
  result<void, Error> expect_name(const std::string& name) {
    SSL* ssl = stream_.native_handle();
    error_code not_literal;
    asio::ip::make_address(name, not_literal);
    const bool literal = !not_literal;
    if (!literal && !set_server_name(ssl, name))
      return Error{NetError::kTlsHandshake, "the host name cannot be used for TLS"};
    if (context_->insecure()) return {};
    X509_VERIFY_PARAM* expected = ::SSL_get0_param(ssl);
    ::X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const int set = literal ? ::X509_VERIFY_PARAM_set1_ip_asc(expected, name.c_str())
                            : ::X509_VERIFY_PARAM_set1_host(expected, name.c_str(), 0);
    if (set != 1) return Error{NetError::kTlsHandshake, "the host name cannot be checked"};
    return {};
  }

  std::shared_ptr<const TlsContext> context_;
  SslStream stream_;
  asio::ip::tcp::endpoint remote_;
  TlsFacts facts_;
};

}  // namespace

Task<result<std::unique_ptr<ByteStream>, Error>> connect_tls(TcpSocket socket,
                                                             std::shared_ptr<const TlsContext> context,
                                                             std::string server_name, Duration timeout) {
  auto stream = std::make_unique<TlsStream>(std::move(socket), std::move(context));
  CloseAfter limit(*stream, timeout);
  auto shaken = co_await stream->handshake(std::move(server_name));
  if (limit.fired()) co_return Error{NetError::kTimedOut, "the TLS handshake took too long"};
  if (!shaken) co_return shaken.error();
  co_return std::unique_ptr<ByteStream>(std::move(stream));
}

}  // namespace sluice
