#include "logplex/net/secret_hash.hpp"

#include <memory>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "logplex/base/check.hpp"
#include "logplex/base/secret.hpp"

namespace sluice {
namespace {

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

std::array<std::uint8_t, 32> hash_secret(std::string_view secret) {
  std::array<std::uint8_t, 32> hash{};
  unsigned size = 0;
  SLUICE_CHECK(EVP_Digest(secret.data(), secret.size(), hash.data(), &size, EVP_sha256(), nullptr) == 1);
  SLUICE_CHECK(size == hash.size());
  return hash;
}

bool same_hash(const std::array<std::uint8_t, 32>& a, const std::array<std::uint8_t, 32>& b) {
  const auto text = [](const std::array<std::uint8_t, 32>& hash) {
    return std::string_view(reinterpret_cast<const char*>(hash.data()), hash.size());
  };
  return equal_in_constant_time(text(a), text(b));
}

std::array<std::uint8_t, 32> hmac_sha256(std::string_view key, std::initializer_list<std::string_view> parts) {
  using Context = std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)>;
  static EVP_MAC* const kAlgorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  const Context context(EVP_MAC_CTX_new(kAlgorithm), &EVP_MAC_CTX_free);
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0), OSSL_PARAM_construct_end()};
  SLUICE_CHECK(EVP_MAC_init(context.get(), bytes_of(key), key.size(), parameters) == 1);
  for (const std::string_view part : parts)
    SLUICE_CHECK(EVP_MAC_update(context.get(), bytes_of(part), part.size()) == 1);
  std::array<std::uint8_t, 32> mac{};
  std::size_t size = 0;
  SLUICE_CHECK(EVP_MAC_final(context.get(), mac.data(), &size, mac.size()) == 1 && size == mac.size());
  return mac;
}

}  // namespace sluice
