#include "logplex/daemon/shard_parts.hpp"

#include "logplex/daemon/node.hpp"

namespace sluice::daemon {
namespace {

constexpr const char* kUserAgent = "Logplex/sluice-" SLUICE_VERSION;

drains::DrainEnvironment drain_environment(Node& node, Shard& shard, Dialer& dialer) {
  return {shard,
          dialer,
          node.settings().drains,
          node.drain_tls(),
          node.tls_lane(),
          kUserAgent,
          &node.shared_of_drains(),
          nullptr,
          {node.fabric().identity().log_id, [&store = node.store()] { return store.data_set(); }}};
}

HttpServerOptions admin_options() {
  HttpServerOptions options;
  options.name = "admin.listen";
  return options;
}

/// Connections without an authenticated call give way to newer ones.
HttpServerOptions giving_way(HttpServerOptions options, UnprovenList& idle) {
  options.unproven = &idle;
  options.prove_each_request = true;
  return options;
}

}  // namespace

ShardParts::ShardParts(Node& node, Shard& shard)
    : shard_(shard),
      fabric_(node.fabric().shard(shard.id())),
      feed_(node.store().feed(shard)),
      opener_(fabric_),
      dialer_(shard, node.drain_names(), node.guard(), &node.handshake_lane()),
      drains_(drain_environment(node, shard, dialer_), fabric_),
      follower_(fabric_.placement(), feed_, {&opener_, &drains_}),
      backend_names_(node.backend_names(), node.settings().router.connect_timeout),
      proxy_(shard, node.proxy_settings(), feed_, fabric_, backend_names_, node.router_shares()),
      idle_api_(shard, node.idle_pools().api),
      idle_admin_(shard, node.idle_pools().admin),
      intake_(shard, feed_, fabric_, node.settings().limits.notice_interval, &node.store()),
      ingress_(shard, node.settings(), intake_, node.ingress_pools()),
      api_(node.api().shard(shard.id())),
      api_server_(shard, giving_way(node.api().server_options(), idle_api_), api_),
      admin_handler_(node.runtime(), node.admin_source()),
      admin_server_(shard, giving_way(admin_options(), idle_admin_), admin_handler_) {
  fabric_.start();
  shard.watch().name_with([this](Beneficiary whom) { return name_of(whom); });
  drains_.expect(node.take_owed(shard.id()));
  feed_.add(opener_);
  feed_.add(drains_);
}

ShardParts::~ShardParts() {
  shard_.watch().name_with({});
  feed_.remove(drains_);
  feed_.remove(opener_);
}

ConnectionHandler* ShardParts::handler_of(std::string_view setting) {
  if (setting == "router.http") return &proxy_;
  if (setting == "api.listen") return &api_server_;
  if (setting == "admin.listen") return &admin_server_;
  return ingress_.handler_of(setting);
}

/// Used only for log messages, so a walk over all apps is affordable. A drain has no name here; the log shows its
/// number.
std::string ShardParts::name_of(Beneficiary whom) {
  std::string name;
  switch (whom.kind) {
    case Beneficiary::Kind::kApp:
      feed_.current().for_each_app([&](const AppEntry& entry) {
        if (entry.slot == AppSlot{whom.number}) name = entry.app.name;
      });
      break;
    case Beneficiary::Kind::kChannel:
      name = drains_.channel_name(ChannelSlot{whom.number});
      break;
    case Beneficiary::Kind::kCall:
      name = api_.route_name(whom.number);
      break;
    default:
      break;
  }
  return name;
}

std::size_t ShardParts::add_metrics(MetricsPage& page, std::size_t step) const {
  if (step == 0) add_own_metrics(page);
  return drains_.add_metrics(page, step);
}

void ShardParts::add_own_metrics(MetricsPage& page) const {
  shard_.add_metrics(page);
  fabric_.add_metrics(page);
  proxy_.add_metrics(page);
  intake_.add_metrics(page);
  ingress_.add_metrics(page);
  api_.add_metrics(page);
  for (const HttpServer* server : {&api_server_, &admin_server_}) server->add_metrics(page);
}

NodeTotals ShardParts::totals() const {
  NodeTotals totals;
  const FabricGauges gauges = fabric_.gauges();
  for (const std::uint64_t lines : proxy_.counters().by_class) totals.requests += lines;
  totals.lines_in = gauges.lines_appended;
  totals.lines_out = drains_.lines_delivered();
  totals.buffered_bytes = gauges.bytes_used;
  totals.budget_bytes = gauges.bytes_budget;
  return totals;
}

void ShardParts::stop_accepting() {
  proxy_.stop_accepting();
  ingress_.stop_accepting();
  api_server_.stop_accepting();
}

Task<void> ShardParts::sources_finished() {
  co_await proxy_.finished();
  co_await ingress_.finished();
  co_await fabric_.settled();
}

void ShardParts::cut_sources() {
  proxy_.cancel();
  ingress_.cancel();
}

Task<void> ShardParts::drains_flushed() {
  fabric_.tell_dropped();
  drains_.flush();
  co_await drains_.flushed();
  co_await api_server_.stopped();
}

void ShardParts::cancel() {
  admin_server_.stop_accepting();
  for (HttpServer* server : {&api_server_, &admin_server_}) server->cancel();
  api_.cancel();
  ingress_.cancel();
  proxy_.cancel();
  drains_.cancel();
}

Task<void> ShardParts::stopped() {
  co_await proxy_.stopped();
  co_await ingress_.finished();
  co_await api_server_.stopped();
  co_await api_.stopped();
  co_await admin_server_.stopped();
  co_await drains_.stopped();
}

}  // namespace sluice::daemon
