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

/// Who calls, and what that allows. A copy: it outlives the turn in which the caller was looked up.
struct Principal {
  bool full = false;                    // the node's key, or a Logplex credential with full_api
  std::string id;                       // of the key; of the credential when full; empty for the node's key
  std::string sharer;                   // whose limits it uses, ApiKey::sharer(); for a credential the id, too
  Scopes scopes;                        // of a scoped key
  std::optional<KeyChannels> channels;  // of a scoped key; none = all, an empty list = none
  std::optional<WallTime> expires;      // of a scoped key

  static Principal everything(std::string credential = {});
  static Principal of(const ApiKey& key);

  bool may(Scope scope) const { return full || scopes.has(scope); }
  /// False for keys that are limited to some channels.
  bool all_channels() const { return full || !channels; }
  /// True for a channel of the key's list, in the incarnation that the key was made for, and for one of it that is
  /// still to be made.
  bool may_use(const ConfigSnapshot& config, std::string_view channel) const;
  DomainRights domain_rights() const { return all_channels() ? DomainRights::kAny : DomainRights::kUnshared; }
  /// Names the key in commands that a key may only use for what it has; empty for those that may do everything.
  std::string limits() const { return full ? std::string() : id; }
};

/// True when the key opens this channel: it is in the key's list in this incarnation, or, while there is no such
/// channel, the key waits for it.
bool may_use(const ApiKey& key, const ConfigSnapshot& config, std::string_view channel);
/// True when the key may write lines into a channel that exists: `logs:write`, and never `_router`, where only the
/// router writes. Expiry is the caller's to check.
bool may_write(const ApiKey& key, const ConfigSnapshot& config, std::string_view channel);

/// True when `other` names channels whose ids `key` does not name, or all.
bool names_others(const ApiKey& key, const ApiKey& other);
/// What `other` has that `key` has not, as a sentence for whoever tries to make it; empty = nothing: other's scopes and
/// channels are among the key's, and it does not end later.
std::string what_exceeds(const ApiKey& key, const ApiKey& other);
/// True when `key` may list and delete `other`: it could have made it, and a key limited to channels sees only keys
/// that name one of its own, or none and share its limits. A key without channels sees none.
bool may_manage(const ApiKey& key, const ApiKey& other);

}  // namespace sluice
