#include "logplex/api/frame/auth.hpp"

#include "logplex/model/snapshot.hpp"
#include "logplex/net/http/authorization.hpp"
#include "logplex/net/secret_hash.hpp"

namespace sluice::api {
namespace {

bool is_credential(const Authorization& given, const KeyHash& hash, const ConfigSnapshot& config) {
  const auto* credential = given.user.empty() ? nullptr : config.credential(given.user);
  return credential != nullptr && credential->full_api && credential->hash && same_hash(*credential->hash, hash);
}

}  // namespace

std::optional<Principal> authenticate(std::string_view authorization, const Secret& node_key,
                                      const ConfigSnapshot& config, WallTime now) {
  const auto given = Authorization::parse(authorization);
  if (!given || given->secret.empty()) return std::nullopt;
  if (!node_key.empty() && node_key.matches(given->secret)) return Principal::everything();
  const auto hash = hash_secret(given->secret);
  if (is_credential(*given, hash, config)) return Principal::everything(given->user);
  const auto* key = config.key_by_hash(hash);
  if (key == nullptr || key->expired(now)) return std::nullopt;
  return Principal::of(*key);
}

}  // namespace sluice::api
