#include "logplex/net/tls/tls_material.hpp"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "tests/support/test_certificates.hpp"

namespace sluice {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&::X509_free)>;
using Bio = std::unique_ptr<BIO, decltype(&::BIO_free)>;

/// Of three primes, which are found sooner than two.
Key rsa(int bits) {
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&::EVP_PKEY_CTX_free)> context(
      ::EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr), &::EVP_PKEY_CTX_free);
  ::EVP_PKEY_keygen_init(context.get());
  ::EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), bits);
  if (bits > 2048) ::EVP_PKEY_CTX_set_rsa_keygen_primes(context.get(), 3);
  EVP_PKEY* made = nullptr;
  ::EVP_PKEY_generate(context.get(), &made);
  return {made, &::EVP_PKEY_free};
}
Key ec(const char* curve) { return {::EVP_EC_gen(curve), &::EVP_PKEY_free}; }
Key plain(const char* kind) { return {::EVP_PKEY_Q_keygen(nullptr, nullptr, kind), &::EVP_PKEY_free}; }

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = ::BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(EVP_PKEY* key, const char* passphrase = nullptr) {
  const Bio bio(::BIO_new(::BIO_s_mem()), &::BIO_free);
  const EVP_CIPHER* cipher = passphrase == nullptr ? nullptr : ::EVP_aes_128_cbc();
  ::PEM_write_bio_PKCS8PrivateKey(bio.get(), key, cipher, passphrase, passphrase == nullptr ? 0 : 4, nullptr, nullptr);
  return text_of(bio.get());
}

/// Signed by itself, or by another when its own key signs nothing.
std::string certificate_of(EVP_PKEY* key) {
  const Certificate certificate(::X509_new(), &::X509_free);
  ::X509_set_version(certificate.get(), X509_VERSION_3);
  ::X509_gmtime_adj(::X509_getm_notBefore(certificate.get()), -3600);
  ::X509_gmtime_adj(::X509_getm_notAfter(certificate.get()), 3600);
  ::X509_set_pubkey(certificate.get(), key);
  const Key signer = ec("P-256");
  ::X509_sign(certificate.get(), signer.get(), ::EVP_sha256());
  const Bio bio(::BIO_new(::BIO_s_mem()), &::BIO_free);
  ::PEM_write_bio_X509(bio.get(), certificate.get());
  return text_of(bio.get());
}

std::string fault_of_key(EVP_PKEY* key) {
  const auto fault = check_tls_material({}, certificate_of(key), Secret(pem_of(key)));
  return fault ? fault->sentence : std::string();
}

TEST(TlsMaterial, keys_of_the_known_kinds_and_sizes_are_taken) {
  for (const char* curve : {"P-256", "P-384", "P-521"}) EXPECT_EQ(fault_of_key(ec(curve).get()), "") << curve;
  EXPECT_EQ(fault_of_key(plain("ED25519").get()), "");
  for (const int bits : {2048, 4096}) EXPECT_EQ(fault_of_key(rsa(bits).get()), "") << bits;
}

TEST(TlsMaterial, other_keys_are_refused_with_what_they_are) {
  EXPECT_EQ(fault_of_key(rsa(1024).get()),
            "client_cert is not accepted: an RSA key must have 2048 to 8192 bits, and this one has 1024");
  EXPECT_EQ(fault_of_key(rsa(4608).get()),
            "client_key is not accepted: an RSA key must have 2048 to 4096 bits, and this one has 4608");
  EXPECT_EQ(fault_of_key(ec("secp256k1").get()),
            "client_cert is not accepted: an EC key must be on P-256, P-384 or P-521, by name, not on secp256k1");
  EXPECT_EQ(fault_of_key(plain("ED448").get()),
            "client_cert is not accepted: a key must be RSA, Ed25519, or EC on P-256, P-384 or P-521");
}

TEST(TlsMaterial, curve_must_be_named) {
  Key key = ec("P-256");
  ::EVP_PKEY_set_utf8_string_param(key.get(), OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_EC_ENCODING_EXPLICIT);
  EXPECT_NE(fault_of_key(key.get()), "");
}

TEST(TlsMaterial, parts_must_be_whole_and_belong_together) {
  const TestCertificates authority;
  const TestIdentity one = authority.sign("one", "");
  const TestIdentity two = authority.sign("two", "");
  struct Row {
    std::string ca, chain, key, field, sentence;
  };
  const std::string ca = authority.ca_pem();
  const std::string cut = ca.substr(0, ca.size() / 2) + "\n-----END CERTIFICATE-----\n";
  std::string many_authorities;
  for (int i = 0; i < 257; ++i) many_authorities += ca;
  std::string long_chain = one.chain;
  for (int i = 0; i < 10; ++i) long_chain += ca;
  const std::vector<Row> rows{
      {"", "", "", "", ""},
      {ca, one.chain, one.key, "", ""},
      {ca + "some text between\n" + ca, one.chain + ca, one.key, "", ""},
      {"aaa", "", "", "ca", "ca must hold certificates as PEM text"},
      {one.key, "", "", "ca", "ca must hold certificates only: it has a PEM block of another kind"},
      {ca + one.key, "", "", "ca", "ca must hold certificates only: it has a PEM block of another kind"},
      {"", one.chain + one.key, one.key, "client_cert",
       "client_cert must hold certificates only: it has a PEM block of another kind"},
      {"", one.chain + "-----BEGIN DH PARAMETERS-----\nAA==\n-----END DH PARAMETERS-----\n", one.key, "client_cert",
       "client_cert must hold certificates only: it has a PEM block of another kind"},
      {"", one.chain, one.key + two.key, "client_key", "client_key must hold only one private key"},
      {cut, "", "", "ca", "ca holds a certificate that cannot be read"},
      {ca + cut, "", "", "ca", "ca holds a certificate that cannot be read"},
      {std::string(300 << 10, 'a'), "", "", "ca", "ca must be at most 256 KiB"},
      {many_authorities, "", "", "ca",
       many_authorities.size() > 256 << 10 ? "ca must be at most 256 KiB" : "ca must hold at most 256 certificates"},
      {"", "bbb", one.key, "client_cert", "client_cert must hold certificates as PEM text"},
      {"", long_chain, one.key, "client_cert", "client_cert must hold at most 10 certificates"},
      {"", one.chain, "", "client_key", "client_key is missing: client_cert needs it"},
      {"", "", one.key, "client_cert", "client_cert is missing: client_key needs it"},
      {"", one.chain, "ccc", "client_key", "client_key must hold one private key as PEM text, without a passphrase"},
      {"", one.chain, std::string(17 << 10, 'c'), "client_key", "client_key must be at most 16 KiB"},
      {"", one.chain, two.key, "client_key", "client_key does not belong to the first certificate of client_cert"},
  };
  for (const Row& row : rows) {
    const auto fault = check_tls_material(row.ca, row.chain, Secret(row.key));
    EXPECT_EQ(fault ? fault->field : "", row.field) << row.sentence;
    EXPECT_EQ(fault ? fault->sentence : "", row.sentence);
  }
  const Key key = ec("P-256");
  const auto locked = check_tls_material({}, certificate_of(key.get()), Secret(pem_of(key.get(), "pass")));
  ASSERT_TRUE(locked.has_value());
  EXPECT_EQ(locked->sentence, "client_key must hold one private key as PEM text, without a passphrase");
}

}  // namespace
}  // namespace sluice
