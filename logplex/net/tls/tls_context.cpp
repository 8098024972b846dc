#include "logplex/net/tls/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/x509.h>

#include "logplex/net/net_error.hpp"
#include "logplex/net/tls/tls_limits.hpp"
#include "logplex/net/tls/tls_native.hpp"
#include "logplex/net/tls/tls_pem.hpp"

namespace sluice {
namespace {

constexpr int kCertificatesPerStep = 8;  // a quarter of a millisecond each

Error unusable(const std::string& what) {
  const std::string reason = take_tls_error();
  return {make_error_code(NetError::kTlsMaterial), reason.empty() ? what : what + ": " + reason};
}

result<void, Error> set_trust(SSL_CTX* context, const TlsClientOptions& options) {
  if (options.ca_file.empty() && options.ca_pem.empty()) {
    if (::SSL_CTX_set_default_verify_paths(context) != 1)
      return unusable("the system's CA certificates cannot be read");
    return {};
  }
  if (!options.ca_file.empty() && ::SSL_CTX_load_verify_file(context, options.ca_file.c_str()) != 1)
    return unusable("the CA file '" + options.ca_file + "' cannot be used");
  return {};
}

/// `whose`: "client" or "server", for the sentence of an error.
result<void, Error> set_chain(SSL_CTX* context, const std::string& pem, const std::string& whose) {
  PemReader reader(pem);
  const Certificate own = reader.certificate();
  if (!own || ::SSL_CTX_use_certificate(context, own.get()) != 1)
    return unusable("the " + whose + " certificate cannot be used");
  while (Certificate next = reader.certificate()) {
    if (::SSL_CTX_add0_chain_cert(context, next.get()) != 1)
      return unusable("the " + whose + " certificate's chain cannot be used");
    static_cast<void>(next.release());  // the context owns it now
  }
  ::ERR_clear_error();
  return {};
}

result<void, Error> set_identity(SSL_CTX* context, const std::string& chain, const Secret& secret,
                                 const std::string& whose) {
  SLUICE_TRY_VOID(set_chain(context, chain, whose));
  const PrivateKey key = PemReader(secret.reveal()).private_key();
  if (!key || ::SSL_CTX_use_PrivateKey(context, key.get()) != 1)
    return unusable("the " + whose + " key cannot be used");
  if (::SSL_CTX_check_private_key(context) != 1)
    return unusable("the " + whose + " key does not belong to the certificate");
  return {};
}

/// There may be many idle connections: without the first mode, each keeps 34 KiB of OpenSSL's buffers.
void set_modes(SSL_CTX* context) {
  ::SSL_CTX_set_mode(context,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

}  // namespace

std::string take_tls_error() {
  const unsigned long code = ::ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ::ERR_reason_error_string(code);
  ::ERR_clear_error();
  return reason == nullptr ? std::string() : std::string(reason);
}

TlsContext::~TlsContext() = default;

/// The certificates of ca_pem, while they are added to OpenSSL's store.
struct TlsContextMaker::Authorities {
  explicit Authorities(const std::string& pem) : reader(pem) {}

  /// True when all are read.
  result<bool, Error> go_on(X509_STORE* store) {
    for (int i = 0; i < kCertificatesPerStep; ++i, ++added) {
      const Certificate certificate = reader.certificate();
      if (!certificate && added == 0) return unusable("the CA text holds no PEM certificate");
      ::ERR_clear_error();  // the end of the text is reported as an error
      if (!certificate) return true;
      if (::X509_STORE_add_cert(store, certificate.get()) != 1) return unusable("a CA certificate cannot be used");
    }
    return false;
  }

  PemReader reader;
  int added = 0;
};

TlsContextMaker::TlsContextMaker(TlsClientOptions options) : options_(std::move(options)) {}
TlsContextMaker::TlsContextMaker(TlsContextMaker&&) noexcept = default;
TlsContextMaker::~TlsContextMaker() = default;

std::optional<TlsContextMaker::Made> TlsContextMaker::step() {
  if (made_ == nullptr) {
    if (auto begun = begin(); !begun) return Made(std::move(begun).error());
  }
  if (authorities_ == nullptr) return end();
  const auto all = authorities_->go_on(::SSL_CTX_get_cert_store(made_->native_->context.native_handle()));
  if (!all) return Made(all.error());
  if (*all) authorities_.reset();
  return std::nullopt;
}

result<void, Error> TlsContextMaker::begin() {
  made_.reset(new TlsContext);
  made_->native_ = std::make_unique<TlsContext::Native>();
  made_->insecure_ = options_.insecure;
  SSL_CTX* context = made_->native_->context.native_handle();
  set_limits(context, options_.insecure);
  set_modes(context);
  if (options_.insecure) return {};
  SLUICE_TRY_VOID(set_trust(context, options_));
  if (!options_.ca_pem.empty()) authorities_ = std::make_unique<Authorities>(options_.ca_pem);
  return {};
}

TlsContextMaker::Made TlsContextMaker::end() {
  if (!options_.client_chain.empty() || !options_.client_key.empty())
    SLUICE_TRY_VOID(
        set_identity(made_->native_->context.native_handle(), options_.client_chain, options_.client_key, "client"));
  return std::shared_ptr<const TlsContext>(std::move(made_));
}

result<std::shared_ptr<const TlsContext>, Error> TlsContext::make_server(const TlsServerOptions& options) {
  const std::shared_ptr<TlsContext> made(new TlsContext);
  made->native_ = std::make_unique<Native>(true);
  made->is_server_ = true;
  SSL_CTX* context = made->native_->context.native_handle();
  set_limits(context, false);
  set_modes(context);
  ::SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
  // No client comes back so often that resuming its session would pay for the memory, or for keeping ticket keys.
  ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  ::SSL_CTX_set_num_tickets(context, 0);
  SLUICE_TRY_VOID(set_identity(context, options.chain, options.key, "server"));
  return std::shared_ptr<const TlsContext>(made);
}

result<std::shared_ptr<const TlsContext>, Error> TlsContext::make(const TlsClientOptions& options) {
  TlsContextMaker maker(options);
  for (;;) {
    if (auto made = maker.step()) return *std::move(made);
  }
}

}  // namespace sluice
