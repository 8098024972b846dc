#pragma once

#include "logplex/runtime/share_table.hpp"
#include "router/shared_count.hpp"

namespace sluice::router {

/// Counts that the proxies of all shards share, so that a limit of an app or of a backend is exact for the whole
/// process. One per process; outlives the shards' proxies. Any thread.
struct RouterShares {
  /// `connections`: the limit of the process, router.max_connections.
  explicit RouterShares(std::uint64_t connections) : app_connections(connections) {}

  SharedCounts<BackendSlot> backend_requests;
  SharedCounts<AppSlot> app_requests;
  ShareTable app_connections;  // by app slot
};

}  // namespace sluice::router
