#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/basic_signal_set.hpp>

#include "drains/kinds/drain_kind.hpp"
#include "logplex/api/api_shard.hpp"
#include "logplex/base/directory_files.hpp"
#include "logplex/base/settings.hpp"
#include "logplex/channel/fabric.hpp"
#include "logplex/daemon/admin.hpp"
#include "logplex/daemon/descriptor_gauge.hpp"
#include "logplex/daemon/drain_service.hpp"
#include "logplex/daemon/idle_pools.hpp"
#include "logplex/daemon/node_status_service.hpp"
#include "logplex/daemon/owed_lines_file.hpp"
#include "logplex/daemon/shard_parts.hpp"
#include "logplex/ingress/ingress_pools.hpp"
#include "logplex/net/dial/address_guard.hpp"
#include "logplex/net/dial/dial.hpp"
#include "logplex/net/listener.hpp"
#include "logplex/runtime/runtime.hpp"
#include "logplex/store/store.hpp"
#include "router/proxy_settings.hpp"
#include "router/router_shares.hpp"

namespace sluice::daemon {

/// One sluiced process: makes the parts in order of dependence, runs them, and stops them. It only wires parts together
/// and makes no decisions of its own. Created and destroyed on the main thread, while no shard runs.
class Node {
 public:
  /// Errors are sentences for the operator: the data directory is in use or not safe, the store is damaged, an address
  /// is taken.
  static result<std::unique_ptr<Node>, Error> make(const Settings& settings, Clock& clock);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node();

  /// Serves until SIGTERM or SIGINT and a graceful stop. SIGHUP calls `reload`. A second signal ends the process.
  void run(std::function<void()> reload);

  const Settings& settings() const { return settings_; }
  Runtime& runtime() { return *runtime_; }
  Fabric& fabric() { return *fabric_; }
  Store& store() { return *store_; }
  Resolver& backend_names() { return *backend_names_; }
  Resolver& drain_names() { return *drain_names_; }
  const AddressGuard& guard() const { return guard_; }
  const AdminSource& admin_source() const { return admin_source_; }
  const std::shared_ptr<const TlsContext>& drain_tls() const { return drain_tls_; }
  Lane& tls_lane() { return *tls_lane_; }
  Lane& handshake_lane() { return *handshake_lane_; }
  const drains::SharedOfKinds& shared_of_drains() const { return shared_of_drains_; }
  ingress::IngressPools& ingress_pools() { return *ingress_pools_; }
  IdlePools& idle_pools() { return *idle_pools_; }
  const router::ProxySettings& proxy_settings() const { return proxy_settings_; }
  router::RouterShares& router_shares() { return router_shares_; }
  api::Api& api() { return *api_; }
  ShardParts& parts(std::uint32_t shard) { return *parts_[shard]; }
  /// The lines that the drains of a shard were owed at the last stop. Call once per shard.
  std::vector<OwedLines> take_owed(std::uint32_t shard) { return std::move(owed_[shard]); }
  /// The name of this node in answers: its host name.
  const std::string& name() const { return name_; }
  SteadyTime started_at() const { return started_at_; }
  /// "host:port" of a setting's first listener, as a client on this machine reaches it; empty when the setting has
  /// none.
  std::string address_of(const std::string& setting) const;

 private:
  Node(const Settings& settings, Clock& clock, std::unique_ptr<DirectoryFiles> files);

  result<void, Error> open();
  result<void, Error> load_key(Rng& rng);
  void log_listeners() const;
  result<void, Error> open_listeners();
  result<void, Error> read_owed();
  std::string numbers_path() const { return settings_.process.data_dir + "/numbers"; }
  void read_numbers();
  void keep_numbers();
  void keep_owed();
  void make_parts();
  void give_handlers();
  using SignalSet = asio::basic_signal_set<Executor>;
  Task<void> become_ready();
  Task<void> watch_signals(std::function<void()> reload);
  Task<void> shut_down();
  Task<bool> on_every_shard(Task<void> (ShardParts::*action)(), SteadyTime until);
  void tell_every_shard(void (ShardParts::*action)());
  struct StopStep;
  Task<void> run_step(std::uint32_t shard, Task<void> (ShardParts::*action)(), StopStep& step);

  Settings settings_;
  router::ProxySettings proxy_settings_;  // complete before the shards' parts are made
  router::RouterShares router_shares_;
  Clock& clock_;
  const std::unique_ptr<DirectoryFiles> files_;  // the data directory, locked
  const SteadyTime started_at_;
  const std::string name_;
  std::atomic<bool> ready_{false};
  bool stopping_ = false;    // on shard 0
  bool stuck_ = false;       // a part did not stop in time; on shard 0 until the shards have stopped
  SteadyTime stop_until_{};  // when shutdown_deadline ends; as stuck_
  AdminSource admin_source_;
  OwedLinesFile owed_lines_file_;
  std::vector<std::vector<OwedLines>> owed_;  // by shard, until its parts take them
  AddressGuard guard_;
  std::shared_ptr<const TlsContext> drain_tls_;
  std::unique_ptr<Runtime> runtime_;
  std::unique_ptr<Watchdog> watchdog_;
  std::unique_ptr<SignalSet> signals_;
  std::unique_ptr<Fabric> fabric_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Resolver> backend_names_;
  std::unique_ptr<Resolver> drain_names_;
  std::unique_ptr<Lane> tls_lane_;
  std::unique_ptr<DescriptorGauge> descriptors_;
  std::unique_ptr<Lane> handshake_lane_;
  drains::SharedOfKinds shared_of_drains_;
  std::unique_ptr<ingress::IngressPools> ingress_pools_;
  std::unique_ptr<IdlePools> idle_pools_;
  std::unique_ptr<ListenerTable> listeners_;
  DrainService drain_service_{*this};
  NodeStatusService node_status_{*this};
  std::unique_ptr<api::Api> api_;
  std::vector<std::unique_ptr<ShardParts>> parts_;
  std::vector<std::unique_ptr<Gate>> step_gates_;
  std::vector<std::unique_ptr<StopStep>> stop_steps_;
};

}  // namespace sluice::daemon
