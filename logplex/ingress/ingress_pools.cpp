#include "logplex/ingress/ingress_pools.hpp"

#include <algorithm>

#include "logplex/base/check.hpp"
#include "logplex/base/metrics.hpp"

namespace sluice::ingress {

IngressPools::IngressPools(std::uint32_t shards, const Settings& settings, std::span<const IngressKind> kinds)
    : kinds_(kinds) {
  const std::uint64_t places = settings.ingress.max_connections;
  for (std::size_t i = 0; i < kinds.size(); ++i)
    pools_.emplace_back(shards, settings.limits.ingress_unproven.of(places), settings.limits.ingress_proof_time,
                        places);
}

UnprovenPool& IngressPools::of(std::string_view setting) {
  const auto kind = std::ranges::find(kinds_, setting, &IngressKind::setting);
  SLUICE_CHECK(kind != kinds_.end());
  return pools_[static_cast<std::size_t>(kind - kinds_.begin())];
}

void IngressPools::add_metrics(MetricsPage& page) const {
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    const MetricsPage::Labels listener{{"listener", std::string(kinds_[i].setting)}};
    page.gauge("sluice_ingress_unproven_connections", "Open connections that have not shown a valid token.",
               static_cast<double>(pools_[i].count()), listener);
    page.gauge("sluice_ingress_unproven_connections_limit",
               "Limit on connections without a valid token once the listener is over 75 % full "
               "(limits.ingress_unproven).",
               static_cast<double>(pools_[i].most()), listener);
  }
}

}  // namespace sluice::ingress
