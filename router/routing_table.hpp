#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "logplex/model/app.hpp"
#include "logplex/store/config_feed.hpp"
#include "router/proxy_settings.hpp"
#include "router/request_rule.hpp"
#include "router/router_shares.hpp"
#include "router/upstream.hpp"

namespace sluice::router {

/// One app's backends as one shard sees them, and the choice of the next one; and its rules, if it has any.
struct AppRoutes {
  Balance balance = Balance::kPowerOfTwo;
  std::uint64_t total_weight = 0;
  std::uint32_t next = 0;  // round robin
  std::vector<Upstream*> upstreams;
  IdleShare idle;
  std::shared_ptr<SharedCount> requests;  // of all shards
  RequestRules rules;

  /// A usable backend, or null when there is none.
  Upstream* choose(Rng& rng, SteadyTime now);

 private:
  std::size_t by_weight(Rng& rng) const;
  Upstream* usable_from(std::size_t at, SteadyTime now) const;
  Upstream* power_of_two(Rng& rng, SteadyTime now) const;
};

/// What this shard adds to the configuration: for every app, its backends with their load and open connections, found
/// by slot. Hosts are looked up in the shard's own snapshot. Neither takes a lock.
///
/// Lives on its shard. The ConfigFeed reports changes to it; feed and shares outlive it.
class RoutingTable final : public ConfigObserver {
 public:
  RoutingTable(ConfigFeed& feed, RouterShares& shares, const ProxySettings& settings);
  RoutingTable(const RoutingTable&) = delete;
  RoutingTable& operator=(const RoutingTable&) = delete;
  ~RoutingTable() override;

  const ConfigSnapshot& config() const { return feed_.current(); }
  /// Null when the app is gone.
  AppRoutes* routes(AppSlot slot);
  /// From now on apps have rules. `source` outlives the table.
  void use(RuleSource& source);
  /// A request no longer uses the backend.
  void release(Upstream& upstream);
  /// A look-up of a backend's name has ended. The backend may be gone by now.
  void resolved(BackendSlot slot, std::vector<Endpoint> endpoints, NameTrouble trouble, SteadyTime now);
  /// Closes every idle backend connection.
  void close_idle();
  std::uint64_t idle_connections() const { return idle_.count; }

  void on_config(const ConfigSnapshot& config, const ChangedKeys& changed) override;

 private:
  void put(const AppEntry& entry);
  void erase(AppSlot slot);
  void drop(Upstream* upstream);
  Upstream* upstream_of(AppRoutes& app, BackendSlot slot, const Backend& backend);

  ConfigFeed& feed_;
  RouterShares& shares_;
  const std::uint64_t app_idle_backends_;
  RuleSource* rule_source_ = nullptr;
  IdleShare idle_;
  std::vector<std::unique_ptr<AppRoutes>> apps_;      // by slot
  std::vector<std::unique_ptr<Upstream>> upstreams_;  // by slot
};

}  // namespace sluice::router
