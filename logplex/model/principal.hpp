#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/clock.hpp"
#include "logplex/model/access.hpp"
#include "logplex/model/change.hpp"

namespace sluice {

class ConfigSnapshot;

/// The caller of the API, and what the caller may do. A copy, so that it outlives the turn in which the caller was
/// looked up.
struct Principal {
  bool full = false;                    // the node's key, or a Logplex credential with full_api
  std::string id;                       // of the key; of the credential when full; empty for the node's key
  std::string sharer;                   // the key whose limits it shares, ApiKey::sharer(); the id of a credential
  Scopes scopes;                        // of a scoped key
  std::optional<KeyChannels> channels;  // of a scoped key; none = all, an empty list = none
  std::optional<WallTime> expires;      // of a scoped key

  static Principal everything(std::string credential = {});
  static Principal of(const ApiKey& key);

  bool may(Scope scope) const { return full || scopes.has(scope); }
  /// False for keys that are limited to some channels.
  bool all_channels() const { return full || !channels; }
  /// True when the caller may use all channels, or the key lists this one: in the incarnation that the key was made
  /// for, or while the channel does not exist yet.
  bool may_use(const ConfigSnapshot& config, std::string_view channel) const;
  DomainRights domain_rights() const { return all_channels() ? DomainRights::kAny : DomainRights::kUnshared; }
  /// For `maker` and `asker` of commands: the id of the key; empty for callers that may do everything.
  std::string limits() const { return full ? std::string() : id; }
};

/// True when the key may use all channels, or lists this one: in its present incarnation, or, while the channel does
/// not exist, as one that the key waits for.
bool may_use(const ApiKey& key, const ConfigSnapshot& config, std::string_view channel);
/// True when the channel exists and the key may write lines into it: the key has `logs:write`, and the channel is not
/// `_router`, where only the router writes. Does not check whether the key has expired.
bool may_write(const ApiKey& key, const ConfigSnapshot& config, std::string_view channel);

/// True when `key` is limited, and `other` is not or names a channel id that `key` does not name.
bool names_others(const ApiKey& key, const ApiKey& other);
/// What `other` may do that `key` may not, as a sentence for the caller that tries to make it. Empty when other's
/// scopes and channels are among the key's and it does not end later.
std::string what_exceeds(const ApiKey& key, const ApiKey& other);
/// True when `key` may list and delete `other`: it could have made it. A key limited to channels sees only keys that
/// name one of its channels, or that name none and share its limits. A key without channels sees none.
bool may_manage(const ApiKey& key, const ApiKey& other);

}  // namespace sluice
