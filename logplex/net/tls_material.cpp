#include "logplex/net/tls_material.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "logplex/net/tls_limits.hpp"

namespace sluice {
namespace {

constexpr std::size_t kMostAuthorities = 256;
constexpr std::size_t kLongestChain = 10;
constexpr std::size_t kCaBytes = 256 << 10;
constexpr std::size_t kChainBytes = 64 << 10;
constexpr std::size_t kKeyBytes = 16 << 10;  // an RSA key of 4096 bits takes 3.3 KB

using Bio = std::unique_ptr<BIO, decltype(&::BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&::X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)>;
using Fault = std::optional<TlsMaterialFault>;

struct Part {
  const char* field;
  std::size_t most_bytes;
  std::size_t most;
};
constexpr Part kCa{"ca", kCaBytes, kMostAuthorities};
constexpr Part kChain{"client_cert", kChainBytes, kLongestChain};

int no_passphrase(char*, int, int, void*) { return -1; }

Bio bio_of(const std::string& pem) {
  return {::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &::BIO_free};
}

TlsMaterialFault fault(const char* field, const std::string& sentence) {
  ::ERR_clear_error();
  return {field, std::string(field) + " " + sentence};
}

bool at_end_of_pem() {
  const unsigned long code = ::ERR_peek_last_error();
  return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

/// OpenSSL passes over blocks of other kinds. A private key among certificates would be stored, and not as a secret.
bool has_other_blocks(std::string_view pem) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr std::string_view kTaken[] = {"CERTIFICATE-----", "X509 CERTIFICATE-----", "TRUSTED CERTIFICATE-----"};
  for (std::size_t at = pem.find(kBegin); at != std::string_view::npos; at = pem.find(kBegin, at)) {
    at += kBegin.size();
    const auto kind = pem.substr(at);
    if (std::none_of(std::begin(kTaken), std::end(kTaken), [kind](auto taken) { return kind.starts_with(taken); }))
      return true;
  }
  return false;
}

/// Reads all certificates of the text, and judges their keys.
Fault read_certificates(const Part& part, const std::string& pem, std::vector<Certificate>& into) {
  if (pem.size() > part.most_bytes)
    return fault(part.field, "must be at most " + std::to_string(part.most_bytes >> 10) + " KiB");
  if (has_other_blocks(pem))
    return fault(part.field, "must hold certificates only: it has a PEM block of another kind");
  const Bio bio = bio_of(pem);
  ::ERR_clear_error();
  for (;;) {
    Certificate next(::PEM_read_bio_X509(bio.get(), nullptr, &no_passphrase, nullptr), &::X509_free);
    if (!next) break;
    if (into.size() == part.most)
      return fault(part.field, "must hold at most " + std::to_string(part.most) + " certificates");
    const EVP_PKEY* key = ::X509_get0_pubkey(next.get());
    if (key == nullptr) return fault(part.field, "holds a certificate whose key cannot be read");
    if (auto why = key_fault(key, KeyOwner::kPeer); !why.empty()) return fault(part.field, "is not taken: " + why);
    into.push_back(std::move(next));
  }
  if (!at_end_of_pem()) return fault(part.field, "holds a certificate that cannot be read");
  if (into.empty()) return fault(part.field, "must hold certificates as PEM text");
  ::ERR_clear_error();
  return std::nullopt;
}

Fault check_key(const Secret& pem, X509* certificate) {
  constexpr const char* kField = "client_key";
  if (pem.reveal().size() > kKeyBytes) return fault(kField, "must be at most 16 KiB");
  const Bio bio = bio_of(pem.reveal());
  const Key key(::PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_passphrase, nullptr), &::EVP_PKEY_free);
  if (!key) return fault(kField, "must hold one private key as PEM text, without a passphrase");
  const Key second(::PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_passphrase, nullptr), &::EVP_PKEY_free);
  ::ERR_clear_error();
  if (second) return fault(kField, "must hold one private key, and holds more");
  if (auto why = key_fault(key.get(), KeyOwner::kOurs); !why.empty()) return fault(kField, "is not taken: " + why);
  if (::X509_check_private_key(certificate, key.get()) != 1)
    return fault(kField, "does not belong to the first certificate of client_cert");
  return std::nullopt;
}

}  // namespace

std::optional<TlsMaterialFault> check_tls_material(const std::string& ca, const std::string& client_cert,
                                                   const Secret& client_key) {
  std::vector<Certificate> authorities;
  if (!ca.empty())
    if (auto wrong = read_certificates(kCa, ca, authorities)) return wrong;
  if (client_cert.empty() && client_key.empty()) return std::nullopt;
  if (client_cert.empty()) return fault("client_cert", "is missing beside client_key");
  if (client_key.empty()) return fault("client_key", "is missing beside client_cert");
  std::vector<Certificate> chain;
  if (auto wrong = read_certificates(kChain, client_cert, chain)) return wrong;
  return check_key(client_key, chain.front().get());
}

}  // namespace sluice
