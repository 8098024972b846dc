#include "logplex/net/http/content_hash.hpp"

#include <openssl/sha.h>

namespace sluice {

std::array<std::uint8_t, 20> sha1_of(std::string_view content) {
  std::array<std::uint8_t, 20> hash{};
  ::SHA1(reinterpret_cast<const unsigned char*>(content.data()), content.size(), hash.data());
  return hash;
}

std::string sha1_hex(std::string_view content) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const auto byte : sha1_of(content)) (out += kDigits[byte >> 4]) += kDigits[byte & 15];
  return out;
}

}  // namespace sluice
