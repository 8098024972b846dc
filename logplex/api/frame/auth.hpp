#pragma once

#include <optional>
#include <string_view>

#include "logplex/base/clock.hpp"
#include "logplex/base/secret.hpp"
#include "logplex/model/principal.hpp"

namespace sluice {
class ConfigSnapshot;
}  // namespace sluice

namespace sluice::api {

/// The caller that an Authorization header identifies: `Bearer KEY`, or Basic with any user and KEY as password, where
/// KEY is the node's key or a scoped key; or Basic with id and password of a credential with full_api. None means 401.
/// Secrets are compared in constant time, or by their SHA-256.
std::optional<Principal> authenticate(std::string_view authorization, const Secret& node_key,
                                      const ConfigSnapshot& config, WallTime now);

}  // namespace sluice::api
