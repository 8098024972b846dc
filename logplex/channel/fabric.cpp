#include "logplex/channel/fabric.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace sluice {

const char* to_text(FabricError error) {
  switch (error) {
    case FabricError::kNoChannel:
      return "the channel is not open";
    case FabricError::kNotOwner:
      return "another shard owns the channel";
    case FabricError::kTooManyGlobal:
      return "this shard already has 64 global drains; remove one first";
  }
  return "unknown fabric error";
}

Fabric::Fabric(Runtime& runtime, const FabricSettings& settings, Duration ingress_max_delay, LogIdentity identity,
               FabricSeams seams)
    : runtime_(runtime),
      settings_(settings),
      ingress_max_delay_(ingress_max_delay),
      identity_(identity),
      log_(std::move(seams.log)),
      make_reader_(std::move(seams.reader)),
      demands_(runtime.size()),
      asked_(runtime.size()) {
  const std::uint32_t shards = runtime.size();
  for (std::uint32_t i = 0; i < shards * shards; ++i)
    returns_.push_back(std::make_unique<Mailbox>(std::bit_ceil(most_batches_under_way())));
  shards_.resize(shards);
  for (std::uint32_t id = 0; id < shards; ++id)
    shards_[id] = std::make_unique<FabricShard>(*this, runtime.shard(id), seams.placement(id, shards));
}

Fabric::~Fabric() {
  for (auto& shard : shards_) {
    ShardScope on(runtime_.shard(shard->id_));
    shard.reset();
  }
}

/// Limits the batches under way between all shards to about an eighth of the budget.
std::uint32_t Fabric::most_batches_under_way() const {
  const std::uint64_t shards = runtime_.size();
  const std::uint64_t pairs = std::max<std::uint64_t>(shards * (shards - 1), 1);
  const std::uint64_t each = settings_.memory_budget.count / 8 / LineBatch::kUsualSize / pairs;
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(each, 4, Runtime::kMailboxCapacity / 2));
}

void Fabric::on_demand(std::uint32_t from, ShareDemand demand) {
  demands_[from] = demand;
  asked_[from] = true;
  if (std::find(asked_.begin(), asked_.end(), false) != asked_.end()) return;
  asked_.assign(asked_.size(), false);
  const auto shares = split_budget(settings_.memory_budget.count, demands_);
  for (std::uint32_t id = 0; id < shares.size(); ++id)
    Shard::current().send(id, make_mail([&to = shard(id), share = shares[id]] { to.log_.set_limit(share); }));
}

void Fabric::limit_rates(const RateLimits& limits) {
  for (auto& shard : shards_) shard->rates_.limit(limits);
}

void Fabric::expect(const std::vector<std::uint64_t>& bytes) {
  std::vector<ShareDemand> demands;
  demands.reserve(bytes.size());
  for (const std::uint64_t used : bytes) demands.push_back({used, 0});
  const auto shares = split_budget(settings_.memory_budget.count, demands);
  for (std::uint32_t id = 0; id < shares.size(); ++id) shard(id).log_.set_limit(shares[id]);
}

}  // namespace sluice
