#pragma once

#include <cstdint>

#include "logplex/base/settings.hpp"
#include "logplex/net/unproven.hpp"

namespace sluice {
class MetricsPage;
}  // namespace sluice

namespace sluice::ingress {

/// What the ingress parts of all shards share: for each listener, the count of connections without a valid token so
/// far. One per process; any thread; outlives the shards' parts.
struct IngressPools {
  IngressPools(std::uint32_t shards, const Settings& settings);

  void add_metrics(MetricsPage& page) const;

  UnprovenPool http;
  UnprovenPool syslog;
};

}  // namespace sluice::ingress
