#include "logplex/net/tls/tls_session.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "logplex/net/tls/tls_limits.hpp"
#include "logplex/net/tls/tls_native.hpp"
#include "logplex/runtime/thread_cpu.hpp"

namespace sluice {
namespace {

using Certificate = std::unique_ptr<X509, decltype(&::X509_free)>;
using MemoryBio = std::unique_ptr<BIO, decltype(&::BIO_free)>;

std::string name_text(const X509_NAME* name) {
  const MemoryBio bio(::BIO_new(::BIO_s_mem()), &::BIO_free);
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

/// Alerts that say that the peer rejects our certificate, or requires one (RFC 8446, 6.2).
bool alert_about_certificate(unsigned long code) {
  switch (ERR_GET_REASON(code)) {
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

int at_most_int(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, 1U << 20)); }

}  // namespace

/// What OpenSSL reads from and writes to: memory during the handshake, then the socket.
struct TlsSession::Bio {
  static BIO* make(TlsSession& session) {
    BIO* bio = ::BIO_new(method());
    ::BIO_set_data(bio, &session);
    ::BIO_set_init(bio, 1);
    return bio;
  }

 private:
  static TlsSession& of(BIO* bio) { return *static_cast<TlsSession*>(::BIO_get_data(bio)); }
  static int read(BIO* bio, char* into, int size) {
    ::BIO_clear_retry_flags(bio);
    const int got = of(bio).read_raw(into, size);
    if (got < 0 && !of(bio).broken_) ::BIO_set_retry_read(bio);
    return got;
  }
  static int write(BIO* bio, const char* bytes, int size) {
    ::BIO_clear_retry_flags(bio);
    const int sent = of(bio).write_raw(bytes, size);
    if (sent < 0 && !of(bio).broken_) ::BIO_set_retry_write(bio);
    return sent;
  }
  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return of(bio).ended_ ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }
  static const BIO_METHOD* method() {
    static const BIO_METHOD* const kMade = [] {
      BIO_METHOD* fresh = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sluice");
      ::BIO_meth_set_read(fresh, &Bio::read);
      ::BIO_meth_set_write(fresh, &Bio::write);
      ::BIO_meth_set_ctrl(fresh, &Bio::control);
      return fresh;
    }();
    return kMade;
  }
};

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context)
    : context_(std::move(context)), ssl_(::SSL_new(context_->native().context.native_handle()), &::SSL_free) {
  BIO* bio = Bio::make(*this);
  ::SSL_set_bio(ssl_.get(), bio, bio);
  context_->is_server() ? ::SSL_set_accept_state(ssl_.get()) : ::SSL_set_connect_state(ssl_.get());
}

TlsSession::~TlsSession() = default;

result<void, Error> TlsSession::expect_name(const std::string& name) {
  error_code not_literal;
  asio::ip::make_address(name, not_literal);
  const bool literal = !not_literal;
  if (!literal && !set_server_name(ssl_.get(), name))
    return Error{NetError::kTlsHandshake, "the host name cannot be used for TLS"};
  if (context_->insecure()) return {};
  X509_VERIFY_PARAM* expected = ::SSL_get0_param(ssl_.get());
  ::X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const int set = literal ? ::X509_VERIFY_PARAM_set1_ip_asc(expected, name.c_str())
                          : ::X509_VERIFY_PARAM_set1_host(expected, name.c_str(), 0);
  if (set != 1) return Error{NetError::kTlsHandshake, "the host name cannot be checked"};
  return {};
}

TlsSession::Step TlsSession::shake() {
  const Duration before = thread_cpu();
  ::ERR_clear_error();
  static_cast<void>(take_chain_fault());
  const int done = ::SSL_do_handshake(ssl_.get());
  const int why = ::SSL_get_error(ssl_.get(), done);
  cpu_ += thread_cpu() - before;
  if (done == 1) return Step::kDone;
  if (why == SSL_ERROR_WANT_READ) return Step::kWantsInput;
  note_failure();
  return Step::kFailed;
}

/// Must run on the thread of the failed step: its error queue holds OpenSSL's reasons.
void TlsSession::note_failure() {
  const unsigned long code = ::ERR_peek_last_error();
  ::ERR_clear_error();
  const long verified = ::SSL_get_verify_result(ssl_.get());
  const std::string fault = take_chain_fault();
  if (!fault.empty())
    error_ = {NetError::kTlsCertificate, "the other end's certificate is not accepted: " + fault};
  else if (verified != X509_V_OK && !context_->insecure())
    error_ = {NetError::kTlsCertificate, ::X509_verify_cert_error_string(verified)};
  else if (alert_about_certificate(code))
    error_ = {NetError::kTlsCertificate, tls_failure_text(code)};
  else
    error_ = {NetError::kTlsHandshake, tls_failure_text(code)};
}

TlsFacts TlsSession::facts() const {
  TlsFacts facts;
  facts.version = ::SSL_get_version(ssl_.get());
  facts.cipher = ::SSL_get_cipher_name(ssl_.get());
  const Certificate certificate(::SSL_get1_peer_certificate(ssl_.get()), &::X509_free);
  if (!certificate) return facts;
  facts.subject = name_text(::X509_get_subject_name(certificate.get()));
  facts.issuer = name_text(::X509_get_issuer_name(certificate.get()));
  facts.not_before = time_of(::X509_get0_notBefore(certificate.get()));
  facts.not_after = time_of(::X509_get0_notAfter(certificate.get()));
  return facts;
}

/// Returns -1 when nothing has arrived yet or broken_ is set, 0 at the end.
int TlsSession::read_raw(char* into, int size) {
  if (taken_ < input_.size()) {
    const std::size_t count = std::min(static_cast<std::size_t>(size), input_.size() - taken_);
    std::copy_n(input_.data() + taken_, count, into);
    taken_ += count;
    if (taken_ == input_.size()) input_.clear();
    if (input_.empty()) taken_ = 0;
    return static_cast<int>(count);
  }
  if (fd_ < 0) return -1;
  const ssize_t got = ::recv(fd_, into, static_cast<std::size_t>(size), MSG_DONTWAIT);
  if (got == 0) ended_ = true;
  if (got < 0 && errno != EAGAIN && errno != EINTR) broken_ = error_code(errno, boost::system::system_category());
  return static_cast<int>(got);
}

int TlsSession::write_raw(const char* bytes, int size) {
  if (fd_ < 0) {
    output_.append(bytes, static_cast<std::size_t>(size));
    return size;
  }
  const ssize_t sent = ::send(fd_, bytes, static_cast<std::size_t>(size), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) broken_ = error_code(errno, boost::system::system_category());
  return static_cast<int>(sent);
}

TlsSession::Moved TlsSession::read(std::span<char> into) {
  ::ERR_clear_error();
  return after(::SSL_read(ssl_.get(), into.data(), at_most_int(into.size())));
}

TlsSession::Moved TlsSession::write(std::string_view bytes) {
  ::ERR_clear_error();
  return after(::SSL_write(ssl_.get(), bytes.data(), at_most_int(bytes.size())));
}

TlsSession::Moved TlsSession::after(int done) {
  if (done > 0) return {static_cast<std::size_t>(done), Wait::kNothing, {}};
  const int why = ::SSL_get_error(ssl_.get(), done);
  const unsigned long code = ::ERR_peek_last_error();
  ::ERR_clear_error();
  if (why == SSL_ERROR_WANT_READ) return {0, Wait::kReadable, {}};
  if (why == SSL_ERROR_WANT_WRITE) return {0, Wait::kWritable, {}};
  // In TLS 1.3 our handshake is over before the server has looked at our certificate.
  if (alert_about_certificate(code)) return {0, Wait::kNothing, make_error_code(NetError::kTlsCertificate)};
  if (broken_) return {0, Wait::kNothing, broken_};
  // Many servers close without close_notify; that is fine, as our protocols mark the end of a message themselves.
  if (ended_ || why == SSL_ERROR_ZERO_RETURN) return {0, Wait::kNothing, make_error_code(asio::error::eof)};
  return {0, Wait::kNothing, error_code(static_cast<int>(code), asio::error::get_ssl_category())};
}

bool TlsSession::has_input() {
  char first = 0;
  ::ERR_clear_error();
  const int done = ::SSL_peek(ssl_.get(), &first, 1);
  const int why = ::SSL_get_error(ssl_.get(), done);
  ::ERR_clear_error();
  return why != SSL_ERROR_WANT_READ;
}

void TlsSession::say_goodbye() {
  ::ERR_clear_error();
  ::SSL_shutdown(ssl_.get());
  ::ERR_clear_error();
}

}  // namespace sluice
