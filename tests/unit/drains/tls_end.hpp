#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "logplex/model/drain.hpp"
#include "tests/support/test_certificates.hpp"

namespace sluice::drains {

// The receiver's end of connections, bytes in, bytes out: one for each connection.

struct PlainEnd {
  /// What a drain needs to trust such a receiver.
  static void make_trust(Drain&) {}
  /// Whether the client can send lines.
  bool open() const { return true; }
  /// Takes bytes of the client and appends what they say to `plain`; returns what is answered before anything else.
  std::string take(std::string_view bytes, std::string& plain) {
    plain += bytes;
    return {};
  }
  /// The bytes that say `plain` to the client.
  std::string write(std::string_view plain) { return std::string(plain); }
};

/// The same over TLS, with a certificate for 127.0.0.1 of an authority of the tests.
class TlsEnd {
 public:
  TlsEnd() : ssl_(::SSL_new(own().context.get())) {
    ::SSL_set_bio(ssl_.get(), ::BIO_new(::BIO_s_mem()), ::BIO_new(::BIO_s_mem()));
    ::SSL_set_accept_state(ssl_.get());
  }

  static void make_trust(Drain& drain) { drain.ca = own().authority.ca_pem(); }
  bool open() const { return ::SSL_is_init_finished(ssl_.get()) == 1; }
  std::string take(std::string_view bytes, std::string& plain) {
    ::BIO_write(::SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
    char piece[16 << 10];
    for (int got = 0; (got = ::SSL_read(ssl_.get(), piece, sizeof piece)) > 0;)
      plain.append(piece, static_cast<std::size_t>(got));
    return to_send();
  }
  std::string write(std::string_view plain) {
    if (!plain.empty()) ::SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size()));
    return to_send();
  }

 private:
  template <class T, void (*free)(T*)>
  struct Free {
    void operator()(T* it) const { free(it); }
  };
  using Context = std::unique_ptr<SSL_CTX, Free<SSL_CTX, &::SSL_CTX_free>>;

  struct Own {
    Own() : context(::SSL_CTX_new(::TLS_server_method())) {
      const TestIdentity identity = authority.sign("receiver", "IP:127.0.0.1,DNS:127.0.0.1");
      BIO* chain = ::BIO_new_mem_buf(identity.chain.data(), -1);
      BIO* secret = ::BIO_new_mem_buf(identity.key.data(), -1);
      X509* certificate = ::PEM_read_bio_X509(chain, nullptr, nullptr, nullptr);
      EVP_PKEY* key = ::PEM_read_bio_PrivateKey(secret, nullptr, nullptr, nullptr);
      ::SSL_CTX_use_certificate(context.get(), certificate);
      ::SSL_CTX_use_PrivateKey(context.get(), key);
      ::X509_free(certificate);
      ::EVP_PKEY_free(key);
      ::BIO_free(chain);
      ::BIO_free(secret);
    }
    const TestCertificates authority;
    const Context context;
  };
  static const Own& own() {
    static const Own own;
    return own;
  }

  std::string to_send() {
    char* bytes = nullptr;
    BIO* out = ::SSL_get_wbio(ssl_.get());
    const long size = ::BIO_get_mem_data(out, &bytes);
    std::string copy(bytes, static_cast<std::size_t>(size));
    ::BIO_ctrl(out, BIO_CTRL_RESET, 0, nullptr);
    return copy;
  }

  std::unique_ptr<SSL, Free<SSL, &::SSL_free>> ssl_;
};

}  // namespace sluice::drains
