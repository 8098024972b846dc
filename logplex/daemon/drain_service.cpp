#include "logplex/daemon/drain_service.hpp"

#include <map>

#include "drains/drain_set.hpp"
#include "drains/drain_test.hpp"
#include "logplex/base/wall_time.hpp"
#include "logplex/daemon/node.hpp"
#include "logplex/runtime/cross.hpp"

namespace sluice::daemon {
namespace {

api::DrainStatus status_of(drains::DrainState state) {
  switch (state) {
    case drains::DrainState::kPending:
      return api::DrainStatus::kPending;
    case drains::DrainState::kActive:
      return api::DrainStatus::kActive;
    case drains::DrainState::kDegraded:
      return api::DrainStatus::kDegraded;
    case drains::DrainState::kPaused:
      return api::DrainStatus::kPaused;
    case drains::DrainState::kDisabled:
      return api::DrainStatus::kDisabled;
  }
  return api::DrainStatus::kPending;
}

api::DrainReport report_of(const drains::Ledger& ledger, WallTime now, const std::string& node) {
  api::DrainReport report;
  report.status = status_of(ledger.state);
  api::DrainStats& stats = report.stats;
  stats.offered = ledger.offered;
  stats.filtered = ledger.filtered;
  stats.delivered = ledger.delivered;
  for (std::size_t reason = 1; reason < ledger.dropped.size(); ++reason) {
    if (ledger.dropped[reason] > 0)
      stats.dropped.emplace_back(to_string(static_cast<LossReason>(reason)), ledger.dropped[reason]);
  }
  stats.pending_lines = ledger.pending_lines;
  stats.pending_bytes = ledger.pending_bytes;
  stats.in_flight_lines = ledger.in_flight_lines;
  ledger.errors.for_each(
      [&stats](drains::ErrorClass it, std::uint64_t count) { stats.errors.emplace_back(to_string(it), count); });
  if (ledger.oldest_pending)
    stats.oldest_pending_age = std::max(time_between(*ledger.oldest_pending, now), Duration{0});
  stats.last_success = ledger.last_success;
  stats.last_error = ledger.last_error;
  stats.latency = ledger.latency;
  stats.since = ledger.since;
  stats.node = node;
  return report;
}

api::DrainTest test_of(drains::DrainTestReport report) {
  api::DrainTest test;
  test.delivered = report.delivered;
  test.http_status = report.sent.http_status;
  test.latency = report.latency;
  if (report.tls) {
    test.tls_version = report.tls->version;
    test.tls_cipher = report.tls->cipher;
    test.tls_peer = report.tls->subject;
  }
  if (!report.delivered) {
    test.error_class = to_string(report.sent.error_class);
    test.error = report.sent.error;
  }
  return test;
}

}  // namespace

Task<api::DrainReport> DrainService::report(std::uint64_t drain) {
  drains::Ledger sum;
  for (std::uint32_t shard = 0; shard < node_.runtime().size(); ++shard) {
    const drains::DrainSet* drains = &node_.parts(shard).drains();
    std::optional<drains::Ledger> part = co_await call_on(shard, [drains, drain] { return drains->ledger(drain); });
    if (part) sum.add(*part);
  }
  co_return report_of(sum, Shard::current().wall_now(), node_.name());
}

Task<result<api::DrainTest, Error>> DrainService::test(std::uint64_t drain) {
  Shard& shard = Shard::current();
  const DrainEntry* entry = node_.store().feed(shard).current().drain(drain);
  if (entry == nullptr || entry->drain.reserved())
    co_return Error{make_error_code(boost::system::errc::invalid_argument), "the drain has no url yet"};
  Drain copy = entry->drain;
  drains::DrainTestReport report =
      co_await drains::test_drain(node_.parts(shard.id()).drains().environment(), std::move(copy));
  co_return test_of(std::move(report));
}

Task<result<void, Error>> DrainService::skip_pending(std::uint64_t drain) {
  for (std::uint32_t shard = 0; shard < node_.runtime().size(); ++shard) {
    drains::DrainSet* drains = &node_.parts(shard).drains();
    co_await call_on(shard, [drains, drain] { return drains->skip_pending(drain); });
  }
  co_return result<void, Error>();
}

namespace {

using Ledgers = std::map<std::uint64_t, drains::Ledger>;

/// Some of a shard's unhealthy drains, and where to continue.
struct Unwell {
  Ledgers ledgers;
  std::size_t next = 0;
};

Unwell unwell_of(const drains::DrainSet& drains, std::size_t at, const api::DrainControl::MaySee& may_see) {
  Unwell unwell;
  unwell.next = drains.for_some(at, [&](const drains::DrainRunner& runner) {
    const drains::DrainState state = runner.state();
    const bool ill = state == drains::DrainState::kDegraded || state == drains::DrainState::kDisabled;
    if (ill && may_see(runner.drain().channel)) unwell.ledgers.emplace(runner.drain().id, runner.ledger());
  });
  return unwell;
}

}  // namespace

Task<std::vector<api::UnhealthyDrain>> DrainService::unhealthy(std::size_t limit, MaySee may_see) {
  const auto shared = std::make_shared<const MaySee>(std::move(may_see));
  Ledgers all;
  for (std::uint32_t shard = 0; shard < node_.runtime().size(); ++shard) {
    const drains::DrainSet* drains = &node_.parts(shard).drains();
    std::size_t at = 0;
    std::size_t here = 0;
    do {
      auto look = [drains, at, shared] { return unwell_of(*drains, at, *shared); };
      const Unwell part = co_await call_on(shard, std::move(look));
      for (const auto& [id, ledger] : part.ledgers) all[id].add(ledger);
      here += part.ledgers.size();
      at = part.next;
    } while (at != 0 && here < limit);
  }
  std::vector<api::UnhealthyDrain> unhealthy;
  for (const auto& [id, ledger] : all) {
    if (unhealthy.size() == limit) break;
    unhealthy.push_back({id, report_of(ledger, Shard::current().wall_now(), node_.name())});
  }
  co_return unhealthy;
}

}  // namespace sluice::daemon
