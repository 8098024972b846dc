#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "logplex/base/metrics.hpp"
#include "logplex/net/http/http_server.hpp"
#include "logplex/runtime/runtime.hpp"

namespace sluice::daemon {

/// What the admin port asks of the process. Outlives the handlers.
struct AdminSource {
  /// Adds values of the shard whose turn is running, as many as one turn may take: step 0, then the step that it
  /// returned, in another turn, until that is 0.
  std::function<std::size_t(MetricsPage&, std::size_t)> add_shard_metrics;
  /// Adds what the process has once.
  std::function<void(MetricsPage&)> add_process_metrics;
  /// A configuration is in force on every shard and all listeners accept.
  const std::atomic<bool>& ready;
};

/// GET /metrics (Prometheus text 0.0.4), /healthz (the shard turns) and /readyz (200 once ready, 503 before and while
/// stopping). One per shard. A scrape asks the shards one after the other.
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
