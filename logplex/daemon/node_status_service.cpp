#include "logplex/daemon/node_status_service.hpp"

#include <cmath>

#include "logplex/daemon/node.hpp"
#include "logplex/runtime/cross.hpp"

namespace sluice::daemon {
namespace {

/// Rounded to two decimals.
double per_second(std::uint64_t before, std::uint64_t after, Duration time) {
  const double seconds = std::chrono::duration<double>(time).count();
  return seconds > 0 ? std::round(static_cast<double>(after - before) / seconds * 100) / 100 : 0;
}

}  // namespace

Task<NodeTotals> NodeStatusService::totals() {
  NodeTotals sum;
  for (std::uint32_t shard = 0; shard < node_.runtime().size(); ++shard) {
    const ShardParts* parts = &node_.parts(shard);
    const NodeTotals part = co_await call_on(shard, [parts] { return parts->totals(); });
    sum.requests += part.requests;
    sum.lines_in += part.lines_in;
    sum.lines_out += part.lines_out;
    sum.buffered_bytes += part.buffered_bytes;
    sum.budget_bytes += part.budget_bytes;
  }
  co_return sum;
}

Task<void> NodeStatusService::measure() {
  SteadyTime last = Shard::current().now();
  const NodeTotals first = co_await totals();
  rates_.totals = first;
  for (;;) {
    co_await sleep_for(kPeriod);
    const NodeTotals now = co_await totals();
    const Duration passed = Shard::current().now() - last;
    last = Shard::current().now();
    rates_ = {per_second(rates_.totals.requests, now.requests, passed),
              per_second(rates_.totals.lines_in, now.lines_in, passed),
              per_second(rates_.totals.lines_out, now.lines_out, passed), now};
  }
}

Task<api::NodeReport> NodeStatusService::report() {
  const Rates* measured = &rates_;
  const Rates rates = co_await call_on(0, [measured] { return *measured; });
  const StoreStatus store = node_.store().status();
  api::NodeReport report;
  report.node = node_.name();
  report.version = SLUICE_VERSION;
  report.uptime = Shard::current().now() - node_.started_at();
  report.revision = store.revision;
  report.store = store.kind;
  report.store_reachable = store.reachable;
  report.shards = node_.runtime().size();
  report.requests_per_s = rates.requests;
  report.lines_in_per_s = rates.lines_in;
  report.lines_out_per_s = rates.lines_out;
  report.buffered_bytes = rates.totals.buffered_bytes;
  report.memory_budget_bytes = rates.totals.budget_bytes;
  report.ingress_http = node_.address_of("ingress.http");
  report.ingress_syslog = node_.address_of("ingress.syslog");
  co_return report;
}

}  // namespace sluice::daemon
