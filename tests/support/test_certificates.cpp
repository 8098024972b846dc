#include "tests/support/test_certificates.hpp"

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <mutex>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "logplex/base/check.hpp"

namespace sluice {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&::X509_free)>;
using Bio = std::unique_ptr<BIO, decltype(&::BIO_free)>;

constexpr long kDay = 24L * 3600;

Key new_key() { return {::EVP_EC_gen("P-256"), &::EVP_PKEY_free}; }

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = ::BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
  const Bio bio(::BIO_new(::BIO_s_mem()), &::BIO_free);
  ::PEM_write_bio_X509(bio.get(), certificate);
  return text_of(bio.get());
}

std::string pem_of(EVP_PKEY* key) {
  const Bio bio(::BIO_new(::BIO_s_mem()), &::BIO_free);
  ::PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio.get());
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = ::X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  SLUICE_CHECK(extension != nullptr);
  ::X509_add_ext(certificate, extension, -1);
  ::X509_EXTENSION_free(extension);
}

Certificate new_certificate(const std::string& name, EVP_PKEY* key, int days) {
  Certificate certificate(::X509_new(), &::X509_free);
  std::uint64_t serial = 0;
  ::RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ::X509_set_version(certificate.get(), X509_VERSION_3);
  ::ASN1_INTEGER_set_uint64(::X509_get_serialNumber(certificate.get()), serial >> 1);
  ::X509_gmtime_adj(::X509_getm_notBefore(certificate.get()), days < 0 ? (days - 1) * kDay : -kDay);
  ::X509_gmtime_adj(::X509_getm_notAfter(certificate.get()), days * kDay);
  ::X509_set_pubkey(certificate.get(), key);
  X509_NAME* subject = ::X509_get_subject_name(certificate.get());
  ::X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.c_str()), -1,
                               -1, 0);
  return certificate;
}

}  // namespace

struct TestCertificates::Native {
  Key key = new_key();
  Certificate certificate{nullptr, &::X509_free};
};

TestCertificates::TestCertificates(const std::string& name) : native_(std::make_unique<Native>()) {
  native_->certificate = new_certificate(name, native_->key.get(), 30);
  X509* ca = native_->certificate.get();
  ::X509_set_issuer_name(ca, ::X509_get_subject_name(ca));
  add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(ca, ca, NID_subject_key_identifier, "hash");
  ::X509_sign(ca, native_->key.get(), ::EVP_sha256());
  ca_pem_ = pem_of(ca);
}

TestCertificates::~TestCertificates() = default;

TestIdentity TestCertificates::sign(const std::string& common_name, const std::string& alt_name, int days) const {
  const Key key = new_key();
  const Certificate certificate = new_certificate(common_name, key.get(), days);
  X509* issuer = native_->certificate.get();
  ::X509_set_issuer_name(certificate.get(), ::X509_get_subject_name(issuer));
  add_extension(certificate.get(), issuer, NID_basic_constraints, "CA:FALSE");
  if (!alt_name.empty()) add_extension(certificate.get(), issuer, NID_subject_alt_name, alt_name);
  ::X509_sign(certificate.get(), native_->key.get(), ::EVP_sha256());
  return {pem_of(certificate.get()), pem_of(key.get())};
}

struct TestTlsServer::Native {
  SSL_CTX* context = ::SSL_CTX_new(::TLS_server_method());
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::vector<std::string> received;

  ~Native() { ::SSL_CTX_free(context); }
  void use(const TestIdentity& identity) const {
    const Bio chain(::BIO_new_mem_buf(identity.chain.data(), -1), &::BIO_free);
    const Certificate certificate(::PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr), &::X509_free);
    const Bio secret(::BIO_new_mem_buf(identity.key.data(), -1), &::BIO_free);
    const Key key(::PEM_read_bio_PrivateKey(secret.get(), nullptr, nullptr, nullptr), &::EVP_PKEY_free);
    SLUICE_CHECK(::SSL_CTX_use_certificate(context, certificate.get()) == 1);
    SLUICE_CHECK(::SSL_CTX_use_PrivateKey(context, key.get()) == 1);
  }
  void require_client(const std::string& ca_pem) const {
    const Bio bio(::BIO_new_mem_buf(ca_pem.data(), -1), &::BIO_free);
    const Certificate ca(::PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), &::X509_free);
    ::X509_STORE_add_cert(::SSL_CTX_get_cert_store(context), ca.get());
    ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
};

TestTlsServer::TestTlsServer(TestTlsServerOptions options)
    : options_(std::move(options)), native_(std::make_unique<Native>()) {
  native_->use(options_.identity);
  if (!options_.client_ca_pem.empty()) native_->require_client(options_.client_ca_pem);
  thread_ = std::thread([this] { serve(); });
}

TestTlsServer::~TestTlsServer() {
  native_->stopping = true;
  const RawClient wake(port());
  thread_.join();
}

std::vector<std::string> TestTlsServer::received() {
  const std::lock_guard lock(native_->mutex);
  return native_->received;
}

void TestTlsServer::serve() {
  // OpenSSL writes without MSG_NOSIGNAL, and clients hang up on us on purpose.
  sigset_t pipe;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  while (!native_->stopping) {
    const RawClient client = listener_.accept();
    if (native_->stopping || client.fd() < 0) continue;
    SSL* ssl = ::SSL_new(native_->context);
    ::SSL_set_fd(ssl, client.fd());
    if (::SSL_accept(ssl) == 1) {
      std::string bytes(16 << 10, '\0');
      const int got = ::SSL_read(ssl, bytes.data(), static_cast<int>(bytes.size()));
      bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
      {
        const std::lock_guard lock(native_->mutex);
        native_->received.push_back(bytes);
      }
      if (!options_.answer.empty()) ::SSL_write(ssl, options_.answer.data(), static_cast<int>(options_.answer.size()));
      if (!options_.close_after_answer) ::SSL_read(ssl, bytes.data(), static_cast<int>(bytes.size()));
      ::SSL_shutdown(ssl);
    }
    ::SSL_free(ssl);
    ::ERR_clear_error();
  }
}

}  // namespace sluice
