#include "logplex/ingress/ingress_pools.hpp"

#include "logplex/base/metrics.hpp"

namespace sluice::ingress {
namespace {

std::uint64_t most_unproven(const Settings& settings) {
  return settings.limits.ingress_unproven.of(settings.ingress.max_connections);
}

}  // namespace

IngressPools::IngressPools(std::uint32_t shards, const Settings& settings)
    : http(shards, most_unproven(settings), settings.limits.ingress_proof_time, settings.ingress.max_connections),
      syslog(shards, most_unproven(settings), settings.limits.ingress_proof_time, settings.ingress.max_connections) {}

void IngressPools::add_metrics(MetricsPage& page) const {
  const auto gauge = [&page](std::string_view name, std::string_view help, std::uint64_t value,
                             MetricsPage::Labels labels) {
    page.gauge(name, help, static_cast<double>(value), std::move(labels));
  };
  for (const auto& [listener, pool] : {std::pair{"ingress.http", &http}, std::pair{"ingress.syslog", &syslog}}) {
    gauge("sluice_ingress_unproven_connections", "Open connections that have not shown a valid token.", pool->count(),
          {{"listener", listener}});
    gauge("sluice_ingress_unproven_connections_limit",
          "Limit on connections without a valid token once the listener is over 75 % full (limits.ingress_unproven).",
          pool->most(), {{"listener", listener}});
  }
}

}  // namespace sluice::ingress
