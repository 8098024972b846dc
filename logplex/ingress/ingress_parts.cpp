#include "logplex/ingress/ingress_parts.hpp"

#include "logplex/ingress/ingress_pools.hpp"

namespace sluice::ingress {

IngressParts::IngressParts(Shard& shard, const Settings& settings, Intake& intake, IngressPools& pools) {
  for (const IngressKind& kind : pools.kinds())
    parts_.push_back({kind.setting, kind.make_part({shard, settings, intake, pools.of(kind.setting)})});
}

ConnectionHandler* IngressParts::handler_of(std::string_view setting) {
  for (const Part& each : parts_)
    if (each.setting == setting) return &each.part->handler();
  return nullptr;
}

void IngressParts::stop_accepting() {
  for (const Part& each : parts_) each.part->stop_accepting();
}

Task<void> IngressParts::finished() {
  for (const Part& each : parts_) co_await each.part->finished();
}

void IngressParts::cancel() {
  for (const Part& each : parts_) each.part->cancel();
}

void IngressParts::add_metrics(MetricsPage& page) const {
  for (const Part& each : parts_) each.part->add_metrics(page);
}

}  // namespace sluice::ingress
