#include "logplex/net/secret_hash.hpp"

#include <openssl/evp.h>

#include "logplex/base/check.hpp"
#include "logplex/base/secret.hpp"

namespace sluice {

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

}  // namespace sluice
