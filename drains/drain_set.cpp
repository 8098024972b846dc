#include "drains/drain_set.hpp"

#include "logplex/base/metrics.hpp"

namespace sluice::drains {

namespace {

DrainEnvironment with_names(DrainEnvironment environment, const ChannelNames& names) {
  environment.channels = &names;
  return environment;
}

/// The metrics of all kinds that have their own, for one scrape.
class MetricsByKind {
 public:
  /// nullptr if the kind has none.
  KindMetrics* of(const DrainKind& kind) {
    if (kind.metrics == nullptr) return nullptr;
    auto& metrics = by_kind_[&kind];
    if (metrics == nullptr) metrics = kind.metrics();
    return metrics.get();
  }
  void add(const Drain& drain, const Ledger& ledger) {
    const DrainKind* kind = find_drain_kind(drain);
    KindMetrics* metrics = kind == nullptr ? nullptr : of(*kind);
    if (metrics == nullptr) return;
    if (drain.global()) return metrics->add_global(drain.id, ledger);
    metrics->add_of_channels(ledger);
  }
  void write(MetricsPage& page) const {
    for (const auto& [kind, metrics] : by_kind_) metrics->write(page);
  }

 private:
  std::map<const DrainKind*, std::unique_ptr<KindMetrics>> by_kind_;
};

}  // namespace

DrainSet::DrainSet(DrainEnvironment environment, FabricShard& fabric)
    : OnShard(environment.shard),
      names_(fabric.placement()),
      environment_(with_names(std::move(environment), names_)),
      fabric_(fabric),
      memory_(environment_, fabric),
      gate_(environment_.shard, "drains") {}

DrainSet::~DrainSet() = default;

bool DrainSet::runs_here(const DrainEntry& entry) const {
  if (entry.drain.reserved()) return false;
  return entry.drain.global() || fabric_.placement().is_mine(entry.partition);
}

void DrainSet::on_config(const ConfigSnapshot& config, const ChangedKeys& changed) {
  names_.follow(config, changed);
  // Without any configuration the node cannot tell yet which drains and channels still exist.
  if (expected_.empty() || config.revision() == 0) return follow(config, changed);
  Restoring restoring(fabric_);
  restore(config, restoring);
  follow(config, changed);
  going_on_.clear();
}

void DrainSet::follow(const ConfigSnapshot& config, const ChangedKeys& changed) {
  if (changed.everything) {
    config.for_each_drain([this](const DrainEntry& entry) { update(entry); });
    return;
  }
  for (const ChangedKeys::Drain& key : changed.drains) {
    const DrainEntry* entry = config.drain(key.id);
    if (entry != nullptr)
      update(*entry);
    else
      remove(key.id);
  }
}

void DrainSet::update(const DrainEntry& entry) {
  if (!runs_here(entry)) return remove(entry.drain.id);
  if (const auto running = runners_.find(entry.drain.id); running != runners_.end()) {
    running->second->change(entry);
    return;
  }
  auto runner = std::make_unique<DrainRunner>(environment_, fabric_, memory_, entry);
  const auto owed = going_on_.find(entry.drain.id);
  runner->start(owed == going_on_.end() ? DrainOwed() : owed->second);
  runners_.emplace(entry.drain.id, std::move(runner));
}

void DrainSet::remove(std::uint64_t drain) {
  const auto running = runners_.find(drain);
  if (running == runners_.end()) return;
  Ledger last = running->second->ledger();
  last.dropped[static_cast<std::size_t>(LossReason::kSkipped)] += std::exchange(last.pending_lines, 0);
  last.pending_bytes = 0;
  last.in_flight_lines = 0;
  ended_.add(last);
  gave_up_ended_ += running->second->lines_given_up();
  const DrainKind* kind = find_drain_kind(running->second->drain());
  if (!running->second->drain().global() && kind != nullptr && kind->metrics != nullptr) kinds_ended_[kind].add(last);
  running->second->cancel();
  gate_.spawn(retire(std::move(running->second)));
  runners_.erase(running);
}

/// Destroys the runner once its task has ended and nobody holds a pin on it.
Task<void> DrainSet::retire(std::unique_ptr<DrainRunner> runner) { co_await runner->stopped(); }

std::optional<Ledger> DrainSet::ledger(std::uint64_t drain) const {
  const auto running = runners_.find(drain);
  if (running == runners_.end()) return std::nullopt;
  return running->second->ledger();
}

bool DrainSet::skip_pending(std::uint64_t drain) {
  const auto running = runners_.find(drain);
  if (running == runners_.end()) return false;
  running->second->skip_pending();
  return true;
}

void DrainSet::flush() {
  for (auto& [id, runner] : runners_) runner->flush();
}

/// A configuration change may remove runners while a task walks over them: the pins keep them until the task is done.
std::vector<DrainSet::Pinned> DrainSet::pin_all() {
  std::vector<Pinned> all;
  for (auto& [id, runner] : runners_) all.push_back({runner.get(), runner->pin()});
  return all;
}

Task<void> DrainSet::flushed() {
  const auto all = pin_all();
  for (const Pinned& pinned : all) co_await pinned.runner->finished();
}

void DrainSet::cancel() {
  for (auto& [id, runner] : runners_) runner->cancel();
}

Task<void> DrainSet::stopped() {
  {
    const auto all = pin_all();
    for (const Pinned& pinned : all) co_await pinned.runner->tasks_ended();
  }
  co_await gate_.stopped();
}

std::size_t DrainSet::add_metrics(MetricsPage& page, std::size_t at) const {
  Ledger sum = at == 0 ? ended_ : Ledger();
  MetricsByKind by_kind;
  if (at == 0)
    for (const auto& [kind, ledger] : kinds_ended_) by_kind.of(*kind)->add_of_channels(ledger);
  std::uint64_t gave_up = at == 0 ? gave_up_ended_ + memory_.rings.lines_given_up() : 0;
  std::array<std::uint64_t, 5> states{};
  const std::size_t next = for_some(at, [&](const DrainRunner& runner) {
    const Ledger ledger = runner.ledger();
    ++states[static_cast<std::size_t>(ledger.state)];
    sum.add(ledger);
    by_kind.add(runner.drain(), ledger);
    gave_up += runner.lines_given_up();
  });
  by_kind.write(page);
  const auto count = [&page](std::string_view name, std::string_view help, std::uint64_t value) {
    page.counter(name, help, static_cast<double>(value));
  };
  count("sluice_drain_lines_offered_total", "Lines that drains had to deliver.", sum.offered);
  count("sluice_drain_lines_filtered_total", "Lines that drains' filters left out.", sum.filtered);
  count("sluice_drain_lines_delivered_total", "Lines that receivers confirmed.", sum.delivered);
  for (std::size_t reason = 1; reason < sum.dropped.size(); ++reason) {
    page.counter("sluice_drain_lines_dropped_total", "Lines that drains dropped without delivering them.",
                 static_cast<double>(sum.dropped[reason]),
                 {{"reason", std::string(to_string(static_cast<LossReason>(reason)))}});
  }
  count("sluice_filter_lines_given_up_total", "Lines that a filter's regular expression gave up on: no match.",
        gave_up);
  page.gauge("sluice_drain_pending_lines", "Lines that wait for delivery.", static_cast<double>(sum.pending_lines));
  page.gauge("sluice_drain_pending_bytes", "Bytes that wait for delivery.", static_cast<double>(sum.pending_bytes));
  constexpr const char* kStates[] = {"pending", "active", "degraded", "paused", "disabled"};
  for (std::size_t state = 0; state < states.size(); ++state) {
    page.gauge("sluice_drain_parts", "Drains by state; a drain counts once for each shard that runs it.",
               static_cast<double>(states[state]), {{"state", kStates[state]}});
  }
  return next;
}

}  // namespace sluice::drains
