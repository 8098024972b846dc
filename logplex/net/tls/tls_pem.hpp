#pragma once

#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace sluice {

using Certificate = std::unique_ptr<X509, decltype(&::X509_free)>;
using PrivateKey = std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)>;

/// Reads the blocks of a PEM text (RFC 7468) one after the other. The text outlives it. A block that needs a passphrase
/// is refused: OpenSSL would ask for it on the terminal. OpenSSL's error queue says why no further block was read.
class PemReader {
 public:
  explicit PemReader(const std::string& pem)
      : bio_(::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &::BIO_free) {}

  Certificate certificate() {
    return {::PEM_read_bio_X509(bio_.get(), nullptr, &no_passphrase, nullptr), &::X509_free};
  }
  PrivateKey private_key() {
    return {::PEM_read_bio_PrivateKey(bio_.get(), nullptr, &no_passphrase, nullptr), &::EVP_PKEY_free};
  }

 private:
  static int no_passphrase(char*, int, int, void*) { return -1; }

  std::unique_ptr<BIO, decltype(&::BIO_free)> bio_;
};

}  // namespace sluice
