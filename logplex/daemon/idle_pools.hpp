#pragma once

#include <algorithm>
#include <cstdint>

#include "logplex/base/settings.hpp"
#include "logplex/net/unproven.hpp"

namespace sluice::daemon {

/// The connections of the API and of the admin listener that have no authenticated call under way. When a listener is
/// nearly full, it closes the one that has been silent longest for each newer one, so that known callers and health
/// checks still get in. One per process; any thread.
struct IdlePools {
  IdlePools(std::uint32_t shards, const Settings& settings)
      : api(shards, most(settings.api.max_connections), Duration{0}),
        admin(shards, most(settings.admin.max_connections), Duration{0}) {}

  /// Keeps a twentieth free for connections that arrive while the longest silent ones are being closed.
  static std::uint64_t most(std::uint64_t connections) {
    const std::uint64_t free = std::max<std::uint64_t>(connections / 20, 1);
    return connections > free ? connections - free : 1;
  }

  UnprovenPool api;
  UnprovenPool admin;
};

}  // namespace sluice::daemon
