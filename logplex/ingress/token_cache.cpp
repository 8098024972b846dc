#include "logplex/ingress/token_cache.hpp"

namespace sluice::ingress {

TokenCache::TokenCache(ConfigFeed& feed) : feed_(feed), sets_(kSets) { feed_.add(*this); }

TokenCache::~TokenCache() { feed_.remove(*this); }

const TokenEntry* TokenCache::look_up(const Uuid& token, Set& set) {
  const TokenEntry* entry = feed_.current().token(token);
  if (entry == nullptr) return nullptr;
  set.known[1] = set.known[0];
  set.known[0] = {token, entry, generation_};
  return entry;
}

}  // namespace sluice::ingress
