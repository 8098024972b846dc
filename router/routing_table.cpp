#include "router/routing_table.hpp"

#include <algorithm>

#include "router/backend_connection.hpp"

namespace sluice::router {

Upstream* AppRoutes::choose(Rng& rng, SteadyTime now) {
  if (upstreams.empty()) return nullptr;
  if (upstreams.size() == 1) return usable_from(0, now);
  switch (balance) {
    case Balance::kPowerOfTwo:
      return power_of_two(rng, now);
    case Balance::kRandom:
      return usable_from(by_weight(rng), now);
    case Balance::kRoundRobin:
      return usable_from(next++ % upstreams.size(), now);
  }
  return nullptr;
}

std::size_t AppRoutes::by_weight(Rng& rng) const {
  if (total_weight == upstreams.size()) return rng.below(upstreams.size());
  std::uint64_t left = rng.below(total_weight);
  for (std::size_t i = 0; i < upstreams.size(); ++i) {
    if (left < upstreams[i]->weight()) return i;
    left -= upstreams[i]->weight();
  }
  return 0;
}

Upstream* AppRoutes::usable_from(std::size_t at, SteadyTime now) const {
  for (std::size_t i = 0; i < upstreams.size(); ++i) {
    Upstream* const upstream = upstreams[(at + i) % upstreams.size()];
    if (upstream->usable(now)) return upstream;
  }
  return nullptr;
}

Upstream* AppRoutes::power_of_two(Rng& rng, SteadyTime now) const {
  const std::size_t first = rng.below(upstreams.size());
  const std::size_t other = (first + 1 + rng.below(upstreams.size() - 1)) % upstreams.size();
  Upstream* const a = usable_from(first, now);
  Upstream* const b = usable_from(other, now);
  if (a == nullptr) return nullptr;
  return b->load() < a->load() ? b : a;
}

RoutingTable::RoutingTable(ConfigFeed& feed, RouterShares& shares, const ProxySettings& settings)
    : feed_(feed),
      shares_(shares),
      app_idle_backends_(settings.app_idle_backends),
      idle_{.count = 0, .most = settings.idle_backends} {
  feed_.add(*this);
}

RoutingTable::~RoutingTable() { feed_.remove(*this); }

AppRoutes* RoutingTable::routes(AppSlot slot) { return slot.value < apps_.size() ? apps_[slot.value].get() : nullptr; }

void RoutingTable::use(RuleSource& source) {
  rule_source_ = &source;
  config().for_each_app([this](const AppEntry& entry) { put(entry); });
}

void RoutingTable::on_config(const ConfigSnapshot& config, const ChangedKeys& changed) {
  if (changed.everything) {
    std::vector<bool> present(apps_.size());
    config.for_each_app([&](const AppEntry& entry) {
      if (entry.slot.value < present.size()) present[entry.slot.value] = true;
      put(entry);
    });
    for (std::uint32_t slot = 0; slot < present.size(); ++slot)
      if (!present[slot]) erase({slot});
    return;
  }
  for (const ChangedKeys::App& key : changed.apps) {
    const AppEntry* const entry = config.app(key.name);
    if (entry != nullptr && entry->slot == key.slot)
      put(*entry);
    else
      erase(key.slot);
  }
}

void RoutingTable::put(const AppEntry& entry) {
  if (apps_.size() <= entry.slot.value) apps_.resize(entry.slot.value + std::size_t{1});
  auto& routes = apps_[entry.slot.value];
  if (!routes) {
    routes = std::make_unique<AppRoutes>();
    routes->idle.most = app_idle_backends_;
    routes->requests = shares_.app_requests.of(entry.slot);
  }
  std::vector<Upstream*> before = std::move(routes->upstreams);
  routes->upstreams.clear();
  routes->total_weight = 0;
  routes->balance = entry.app.features.balance;
  for (std::size_t i = 0; i < entry.backends.size(); ++i) {
    Upstream* const upstream = upstream_of(*routes, entry.backends[i], entry.app.backends[i]);
    routes->upstreams.push_back(upstream);
    routes->total_weight += upstream->weight();
    std::erase(before, upstream);
  }
  for (Upstream* const gone : before) drop(gone);
  if (rule_source_ != nullptr) routes->rules = rule_source_->rules_of(entry);
}

void RoutingTable::erase(AppSlot slot) {
  AppRoutes* const gone = routes(slot);
  if (gone == nullptr) return;
  for (Upstream* const upstream : gone->upstreams) drop(upstream);
  apps_[slot.value].reset();
}

Upstream* RoutingTable::upstream_of(AppRoutes& app, BackendSlot slot, const Backend& backend) {
  if (upstreams_.size() <= slot.value) upstreams_.resize(slot.value + std::size_t{1});
  auto& upstream = upstreams_[slot.value];
  if (upstream)
    upstream->update(backend);
  else
    upstream = std::make_unique<Upstream>(slot, backend, shares_.backend_requests.of(slot));
  upstream->count_idle(app.idle, idle_);
  return upstream.get();
}

void RoutingTable::drop(Upstream* upstream) {
  upstream->drop();
  if (upstream->outstanding() == 0 && !upstream->resolving) upstreams_[upstream->slot().value].reset();
}

void RoutingTable::release(Upstream& upstream) {
  upstream.release();
  if (upstream.dropped()) drop(&upstream);
}

void RoutingTable::resolved(BackendSlot slot, std::vector<Endpoint> endpoints, NameTrouble trouble, SteadyTime now) {
  Upstream* const upstream = slot.value < upstreams_.size() ? upstreams_[slot.value].get() : nullptr;
  if (upstream == nullptr) return;
  upstream->resolving = false;
  upstream->set_endpoints(std::move(endpoints), trouble, now);
  if (upstream->dropped()) drop(upstream);
}

void RoutingTable::close_idle() {
  for (const auto& upstream : upstreams_)
    while (upstream && upstream->idle() > 0) upstream->take_idle()->close();
}

}  // namespace sluice::router
