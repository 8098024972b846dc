#pragma once

#include <cstdint>
#include <string>

#include "logplex/base/units.hpp"
#include "logplex/runtime/task.hpp"

namespace sluice::api {

/// The state of one node. Rates are averages over the last seconds.
struct NodeReport {
  std::string node;
  std::string version;
  Duration uptime{};
  std::uint64_t revision = 0;   // of the configuration in force on every shard
  std::string store;            // "embedded", "redis"
  bool store_reachable = true;  // false = changes cannot be made now
  std::uint32_t shards = 0;
  double requests_per_s = 0;   // through the router
  double lines_in_per_s = 0;   // appended to channels
  double lines_out_per_s = 0;  // delivered by drains
  std::uint64_t buffered_bytes = 0;
  std::uint64_t memory_budget_bytes = 0;
  std::string ingress_http;    // "host:port" of the first listener for POST /logs; empty = none
  std::string ingress_syslog;  // the same for TCP syslog
};

/// The API's interface for `GET /v3/status`. The program implements it; any shard may call it. It outlives the API.
class NodeStatus {
 public:
  virtual ~NodeStatus() = default;
  virtual Task<NodeReport> report() = 0;
};

}  // namespace sluice::api
