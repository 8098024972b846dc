#pragma once

#include <string_view>

#include "logplex/channel/fabric.hpp"
#include "logplex/model/snapshot.hpp"
#include "logplex/runtime/shard.hpp"

namespace sluice::drains {

/// Tells the owner of a drain that nobody trusts its receiver's certificate: writes Logplex's L14 into the drain's
/// channel, at most once in 15 minutes, so that it does not fill a quiet channel's history. A global drain belongs to
/// the operator and gets no L14.
///
/// Lives on its drain's shard. Fabric and entry must outlive it; the entry may change.
class UntrustedNotice final : public OnShard {
 public:
  UntrustedNotice(Shard& shard, FabricShard& fabric, const DrainEntry& entry)
      : OnShard(shard), fabric_(fabric), entry_(entry) {}

  void write(std::string_view error);
  /// The receiver was trusted, or there is another one: the next time is told at once.
  void begin_anew() { again_at_ = {}; }

 private:
  FabricShard& fabric_;
  const DrainEntry& entry_;
  SteadyTime again_at_{};
};

}  // namespace sluice::drains
