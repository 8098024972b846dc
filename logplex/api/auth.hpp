#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/clock.hpp"
#include "logplex/base/secret.hpp"
#include "logplex/model/access.hpp"

namespace sluice {

class ConfigSnapshot;

/// Who calls, and what that allows.
struct Principal {
  bool full = false;                  // the node's key, or a Logplex credential with full_api
  Scopes scopes;                      // of a scoped key
  std::vector<std::string> channels;  // of a scoped key; empty = all

  /// drains:write includes drains:read; admin includes everything.
  bool may(Scope scope) const;
  bool may_use(std::string_view channel) const;
  /// False for keys that are limited to some channels.
  bool all_channels() const { return full || channels.empty(); }
};

/// The caller behind an Authorization header: `Bearer KEY`, or Basic with any user and the key as password, where KEY
/// is the node's key or a scoped one; or Basic with id and password of a credential with full_api. None = 401. Secrets
/// are compared in constant time, or by their SHA-256.
std::optional<Principal> authenticate(std::string_view authorization, const Secret& node_key,
                                      const ConfigSnapshot& config, WallTime now);

}  // namespace sluice
