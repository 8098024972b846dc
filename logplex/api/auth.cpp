#include "logplex/api/auth.hpp"

#include <algorithm>
#include <array>

#include <openssl/evp.h>

#include "logplex/base/check.hpp"
#include "logplex/model/snapshot.hpp"
#include "logplex/net/http_message.hpp"

namespace sluice {
namespace {

constexpr std::size_t kLongestHeader = 4096;

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

/// RFC 4648 section 4; missing padding is accepted, anything else that is not base64 is not.
std::optional<std::string> base64_decoded(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  unsigned bits = 0;
  int have = 0;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<unsigned>(value);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    out += static_cast<char>(bits >> have & 0xff);
  }
  return out;
}

std::string_view without_spaces(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool same_hash(const KeyHash& a, const KeyHash& b) {
  const auto text = [](const KeyHash& hash) {
    return std::string_view(reinterpret_cast<const char*>(hash.data()), hash.size());
  };
  return equal_in_constant_time(text(a), text(b));
}

bool is_credential(const Credentials& given, const KeyHash& hash, const ConfigSnapshot& config) {
  const auto* credential = given.user.empty() ? nullptr : config.credential(given.user);
  return credential != nullptr && credential->full_api && credential->hash && same_hash(*credential->hash, hash);
}

}  // namespace

bool Principal::may(Scope scope) const {
  if (full || scopes.has(scope)) return true;
  return scope == Scope::kDrainsRead && scopes.has(Scope::kDrainsWrite);
}

bool Principal::may_use(std::string_view channel) const {
  return all_channels() || std::ranges::find(channels, channel) != channels.end();
}

std::optional<Credentials> Credentials::parse(std::string_view authorization) {
  if (authorization.size() > kLongestHeader) return std::nullopt;
  const auto space = authorization.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto scheme = authorization.substr(0, space);
  const auto rest = without_spaces(authorization.substr(space));
  if (rest.empty()) return std::nullopt;
  if (equal_ignoring_case(scheme, "Bearer")) return Credentials{{}, std::string(rest)};
  if (!equal_ignoring_case(scheme, "Basic")) return std::nullopt;
  const auto pair = base64_decoded(rest);
  const auto colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{pair->substr(0, colon), pair->substr(colon + 1)};
}

std::optional<Principal> authenticate(std::string_view authorization, const Secret& node_key,
                                      const ConfigSnapshot& config, WallTime now) {
  const auto given = Credentials::parse(authorization);
  if (!given || given->secret.empty()) return std::nullopt;
  if (!node_key.empty() && node_key.matches(given->secret)) return Principal{true, {}, {}};
  const auto hash = hash_key(given->secret);
  if (is_credential(*given, hash, config)) return Principal{true, {}, {}};
  const auto* key = config.key_by_hash(hash);
  if (key == nullptr || key->expired(now)) return std::nullopt;
  return Principal{false, key->scopes, key->channels};
}

KeyHash hash_key(std::string_view key) {
  KeyHash hash{};
  unsigned size = 0;
  SLUICE_CHECK(EVP_Digest(key.data(), key.size(), hash.data(), &size, EVP_sha256(), nullptr) == 1);
  SLUICE_CHECK(size == hash.size());
  return hash;
}

}  // namespace sluice
