#include <malloc.h>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "logplex/net/tls/tls_session.hpp"
#include "tests/support/test_certificates.hpp"

namespace sluice {
namespace {

template <class T>
using Native = std::unique_ptr<T, void (*)(T*)>;

/// A server whose bytes go through memory.
class MemoryServer {
 public:
  explicit MemoryServer(SSL_CTX* context) : ssl_(::SSL_new(context), &::SSL_free) {
    ::SSL_set_bio(ssl_.get(), ::BIO_new(::BIO_s_mem()), ::BIO_new(::BIO_s_mem()));
    ::SSL_set_accept_state(ssl_.get());
  }
  std::string answer(const std::string& bytes) {
    ::BIO_write(::SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
    ::SSL_do_handshake(ssl_.get());
    std::string out(::BIO_ctrl_pending(::SSL_get_wbio(ssl_.get())), '\0');
    if (!out.empty()) ::BIO_read(::SSL_get_wbio(ssl_.get()), out.data(), static_cast<int>(out.size()));
    return out;
  }

 private:
  Native<SSL> ssl_;
};

std::unique_ptr<TlsSession> shaken(const std::shared_ptr<const TlsContext>& context, SSL_CTX* server_context) {
  MemoryServer server(server_context);
  auto session = std::make_unique<TlsSession>(context);
  EXPECT_TRUE(session->expect_name("localhost").has_value());
  auto step = session->shake();
  while (step == TlsSession::Step::kWantsInput) {
    session->give(server.answer(session->take_output()));
    step = session->shake();
  }
  EXPECT_EQ(step, TlsSession::Step::kDone) << session->error().text();
  return session;
}

Native<SSL_CTX> server_with(const TestIdentity& identity) {
  Native<SSL_CTX> context(::SSL_CTX_new(::TLS_server_method()), &::SSL_CTX_free);
  const Native<BIO> chain(::BIO_new_mem_buf(identity.chain.data(), -1), &::BIO_free_all);
  const Native<X509> certificate(::PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr), &::X509_free);
  const Native<BIO> text(::BIO_new_mem_buf(identity.key.data(), -1), &::BIO_free_all);
  const Native<EVP_PKEY> key(::PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr), &::EVP_PKEY_free);
  ::SSL_CTX_use_certificate(context.get(), certificate.get());
  ::SSL_CTX_use_PrivateKey(context.get(), key.get());
  return context;
}

/// Within the half and the double: what OpenSSL keeps depends on its version and on the certificate.
TEST(TlsMemory, a_connection_takes_what_is_charged) {
  constexpr std::size_t kConnections = 100;
  const TestCertificates certificates;
  const auto server = server_with(certificates.sign("localhost", "DNS:localhost"));
  TlsClientOptions options;
  options.ca_pem = certificates.ca_pem();
  const auto context = TlsContext::make(options).value();
  std::vector<std::unique_ptr<TlsSession>> open;
  open.reserve(kConnections);
  const auto first = shaken(context, server.get());  // what the library makes once
  const std::size_t before = ::mallinfo2().uordblks;
  while (open.size() < kConnections) open.push_back(shaken(context, server.get()));
  const std::size_t each = (::mallinfo2().uordblks - before) / kConnections;
  RecordProperty("bytes", static_cast<int>(each));
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer has its own malloc, which does not count";
#endif
  EXPECT_GT(each, kTlsConnectionBytes.count / 2);
  EXPECT_LT(each, kTlsConnectionBytes.count * 2);
}

}  // namespace
}  // namespace sluice
