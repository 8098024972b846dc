#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "logplex/base/metrics.hpp"
#include "logplex/net/http/http_server.hpp"
#include "logplex/runtime/runtime.hpp"

namespace sluice::daemon {

/// What the admin handlers ask of the process. Outlives them.
struct AdminSource {
  /// Adds metrics of the current shard, as many as fit into one turn. Begin with step 0; then call again, in another
  /// turn, with the step that it returned, until it returns 0.
  std::function<std::size_t(MetricsPage&, std::size_t)> add_shard_metrics;
  /// Adds the metrics that exist once per process.
  std::function<void(MetricsPage&)> add_process_metrics;
  /// True while a configuration is in force on every shard and all listeners accept.
  const std::atomic<bool>& ready;
};

/// Serves /metrics (Prometheus text 0.0.4), /healthz (the shard is running) and /readyz (200 once ready, 503 before
/// that and while stopping). One per shard. A scrape asks the shards one after the other.
class AdminHandler final : public HttpHandler {
 public:
  AdminHandler(Runtime& runtime, const AdminSource& source) : runtime_(runtime), source_(source) {}

  Task<void> handle(HttpExchange& exchange) override;

 private:
  Task<std::string> scrape();

  Runtime& runtime_;
  const AdminSource& source_;
};

}  // namespace sluice::daemon
