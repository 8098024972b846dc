#include "logplex/api/frame/seals.hpp"

#include <algorithm>
#include <cstring>

#include "logplex/api/frame/changes.hpp"
#include "logplex/net/secret_hash.hpp"

namespace sluice::api {
namespace {

/// Hashes the stored text, so that any text gives a key of the right size.
Seal seal_of(std::string_view purpose, const Secret& secret) {
  return Seal(Seal::Key(hmac_sha256(secret.reveal(), {purpose})));
}

std::string random_text(Rng& rng) {
  std::string out;
  for (int i = 0; i < 4; ++i) out += format_token_id(rng.next());
  return out;
}

const Credential* sealing_credential(const ConfigSnapshot& config) {
  const auto* credential = config.credential(kSealingCredential);
  return credential == nullptr || credential->seal.empty() ? nullptr : credential;
}

}  // namespace

Seals::Seals(const Secret& node_key) : own_(seal_of("cursors of one node", node_key)) {}

bool Seals::shared(const ConfigSnapshot& config) { return sealing_credential(config) != nullptr; }

Task<result<void, Error>> Seals::share(Shard& shard, Changes& changes) {
  Change change = CreateSealingKey{Secret(random_text(shard.rng()))};
  const auto made = co_await changes.make(std::move(change));
  if (made.has_error()) co_return made.error();
  co_return result<void, Error>();
}

const Seal& Seals::in_force(const ConfigSnapshot& config) {
  const auto* credential = sealing_credential(config);
  if (credential == nullptr) return own_;
  if (!shared_ || !(shared_key_ == credential->seal)) {
    shared_.emplace(seal_of("what clients keep", credential->seal));
    shared_key_ = credential->seal;
  }
  return *shared_;
}

std::string Seals::seal(const ConfigSnapshot& config, std::string_view value, std::string_view place) {
  return in_force(config).seal(value, place);
}

std::optional<Secret> Seals::open(const ConfigSnapshot& config, std::string_view text, std::string_view place) {
  auto opened = in_force(config).open(text, place);
  return opened ? std::move(opened) : own_.open(text, place);
}

}  // namespace sluice::api
