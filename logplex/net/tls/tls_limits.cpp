#include "logplex/net/tls/tls_limits.hpp"

#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

namespace sluice {
namespace {

constexpr int kSmallestRsa = 2048;
constexpr int kLargestOwnRsa = 4096;
constexpr int kLargestPeerRsa = 8192;
constexpr int kLargestExponentBits = 64;  // a long public exponent makes every check as expensive as a signature
/// Certificates of real receivers take 3 to 10 KB.
constexpr long kLargestChainBytes = 64L << 10;
constexpr int kLongestChain = 10;

constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384";
constexpr const char* kGroups = "X25519:P-256:P-384:P-521";
constexpr const char* kSignatures =
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
    "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:RSA+SHA256:RSA+SHA384:RSA+SHA512";

thread_local std::string chain_fault;

std::string rsa_fault(const EVP_PKEY* key, KeyOwner owner) {
  const int most = owner == KeyOwner::kOurs ? kLargestOwnRsa : kLargestPeerRsa;
  const int bits = ::EVP_PKEY_get_bits(key);
  if (bits < kSmallestRsa || bits > most)
    return "an RSA key must have 2048 to " + std::to_string(most) + " bits, and this one has " + std::to_string(bits);
  BIGNUM* exponent = nullptr;
  if (::EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1) return "an RSA key cannot be read";
  const int exponent_bits = ::BN_num_bits(exponent);
  ::BN_free(exponent);
  return exponent_bits > kLargestExponentBits ? "an RSA key must have a public exponent of at most 64 bits" : "";
}

std::string text_parameter(const EVP_PKEY* key, const char* name) {
  std::array<char, 64> text{};
  std::size_t size = 0;
  if (::EVP_PKEY_get_utf8_string_param(key, name, text.data(), text.size(), &size) != 1) return {};
  return {text.data(), size};
}

std::string curve_fault(const EVP_PKEY* key) {
  const std::string curve = text_parameter(key, OSSL_PKEY_PARAM_GROUP_NAME);
  const bool known = curve == "prime256v1" || curve == "secp384r1" || curve == "secp521r1";
  if (known && text_parameter(key, OSSL_PKEY_PARAM_EC_ENCODING) != OSSL_PKEY_EC_ENCODING_EXPLICIT) return {};
  return "an EC key must be on P-256, P-384 or P-521, by name" + (curve.empty() ? "" : ", not on " + curve);
}

/// The first certificate's key checks the handshake, so all limits apply. The others only lead to a trusted
/// certificate; they may have a small RSA key, because OpenSSL itself asks for at least 112 bits of security there.
std::string fault_of(X509* certificate, bool is_first) {
  const EVP_PKEY* key = ::X509_get0_pubkey(certificate);
  if (key == nullptr) return is_first ? "its key cannot be read" : "";
  std::string fault = key_fault(key, KeyOwner::kPeer);
  if (is_first || fault.empty()) return fault;
  const bool cheap = ::EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && ::EVP_PKEY_get_bits(key) < kSmallestRsa;
  return cheap ? std::string() : fault;
}

std::string fault_of_chain(X509_STORE_CTX* context) {
  X509* first = ::X509_STORE_CTX_get0_cert(context);
  const STACK_OF(X509)* chain = ::X509_STORE_CTX_get0_untrusted(context);
  const int count = chain == nullptr ? 0 : sk_X509_num(chain);
  if (first == nullptr) return "it presents no certificate";
  if (count > kLongestChain) return "it presents more than 10 certificates";
  if (auto fault = fault_of(first, true); !fault.empty()) return fault;
  for (int i = 0; i < count; ++i) {
    X509* next = sk_X509_value(chain, i);
    if (auto fault = fault_of(next, false); next != first && !fault.empty()) return fault;
  }
  return {};
}

/// Replaces OpenSSL's own check, and calls it when the limits are kept.
int judge(X509_STORE_CTX* context, void* insecure) {
  chain_fault = fault_of_chain(context);
  if (!chain_fault.empty()) {
    ::X509_STORE_CTX_set_error(context, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
  }
  return insecure != nullptr ? 1 : ::X509_verify_cert(context);
}

}  // namespace

std::string key_fault(const EVP_PKEY* key, KeyOwner owner) {
  switch (::EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
      return rsa_fault(key, owner);
    case EVP_PKEY_EC:
      return curve_fault(key);
    case EVP_PKEY_ED25519:
      return {};
    default:
      return "a key must be RSA, Ed25519, or EC on P-256, P-384 or P-521";
  }
}

void set_limits(SSL_CTX* context, bool insecure) {
  static int any_certificate = 1;
  ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  ::SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  ::SSL_CTX_set_cipher_list(context, kCiphers);
  ::SSL_CTX_set1_groups_list(context, kGroups);
  ::SSL_CTX_set1_sigalgs_list(context, kSignatures);
  ::SSL_CTX_set_max_cert_list(context, kLargestChainBytes);
  ::SSL_CTX_set_verify_depth(context, kLongestChain);
  // Also with `insecure`: the certificate must still be cheap to use.
  ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  ::SSL_CTX_set_cert_verify_callback(context, &judge, insecure ? &any_certificate : nullptr);
}

std::string take_chain_fault() { return std::exchange(chain_fault, {}); }

std::string tls_failure_text(unsigned long code) {
  switch (ERR_GET_REASON(code)) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_BAD_RECORD_TYPE:
      return "the other end does not speak TLS";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return "the other end does not speak TLS 1.2 or newer";
    case SSL_R_EXCESSIVE_MESSAGE_SIZE:
      return "the other end presents certificates of more than 64 KiB";
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_WRONG_CIPHER_RETURNED:
    case SSL_R_UNKNOWN_CIPHER_RETURNED:
      return "the other end has no cipher, group or key in common with us (TLS 1.3, or TLS 1.2 with ECDHE)";
    default:
      break;
  }
  const char* reason = code == 0 ? nullptr : ::ERR_reason_error_string(code);
  return reason == nullptr ? std::string("the TLS handshake failed") : std::string(reason);
}

}  // namespace sluice
