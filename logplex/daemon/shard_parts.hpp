#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "drains/drain_set.hpp"
#include "logplex/api/api_shard.hpp"
#include "logplex/daemon/admin.hpp"
#include "logplex/daemon/channel_opener.hpp"
#include "logplex/daemon/node_status_service.hpp"
#include "logplex/daemon/placement_follower.hpp"
#include "logplex/ingress/ingress_parts.hpp"
#include "logplex/ingress/intake.hpp"
#include "logplex/net/dial/dial.hpp"
#include "logplex/net/http/http_server.hpp"
#include "router/name_resolver.hpp"
#include "router/proxy_shard.hpp"

namespace sluice::daemon {

class Node;

/// Everything that lives on one shard. Node makes and destroys it while the shards do not run. Members are in order of
/// dependence: each may use those above it.
class ShardParts {
 public:
  ShardParts(Node& node, Shard& shard);
  ShardParts(const ShardParts&) = delete;
  ShardParts& operator=(const ShardParts&) = delete;
  ~ShardParts();

  /// The handler of a listener setting on this shard, or nullptr.
  ConnectionHandler* handler_of(std::string_view setting);
  /// One step of AdminSource::add_shard_metrics.
  std::size_t add_metrics(MetricsPage& page, std::size_t step) const;
  NodeTotals totals() const;
  drains::DrainSet& drains() { return drains_; }
  const drains::DrainSet& drains() const { return drains_; }

  /// Accepts no new connection or request; those under way continue.
  void stop_accepting();
  /// Returns when all requests are answered and their lines are in their channels.
  Task<void> sources_finished();
  /// Ends the requests that are still running.
  void cut_sources();
  /// Returns when the drains have flushed and the API has answered. Call after sources_finished() of every shard.
  Task<void> drains_flushed();
  /// Ends everything now; stopped() then returns soon.
  void cancel();
  Task<void> stopped();

 private:
  void add_own_metrics(MetricsPage& page) const;
  std::string name_of(Beneficiary whom);

  Shard& shard_;
  FabricShard& fabric_;
  ConfigFeed& feed_;
  ChannelOpener opener_;
  Dialer dialer_;
  drains::DrainSet drains_;
  PlacementFollower follower_;
  router::NameResolver backend_names_;
  router::ProxyShard proxy_;
  UnprovenList idle_api_;
  UnprovenList idle_admin_;
  ingress::Intake intake_;
  ingress::IngressParts ingress_;
  api::ApiShard& api_;
  HttpServer api_server_;
  AdminHandler admin_handler_;
  HttpServer admin_server_;
};

}  // namespace sluice::daemon
