#pragma once

#include "logplex/channel/fabric.hpp"
#include "logplex/store/config_feed.hpp"

namespace sluice::daemon {

/// Keeps one shard's channel table in step with the configuration, because the fabric knows no store. It is added to
/// the feed before all other observers, so that they find their channels open. After a change of owners, repeat the
/// configuration to it.
class ChannelOpener final : public ConfigObserver {
 public:
  explicit ChannelOpener(FabricShard& fabric) : fabric_(fabric) {}
  void on_config(const ConfigSnapshot& config, const ChangedKeys& changed) override;

 private:
  FabricShard& fabric_;
};

}  // namespace sluice::daemon
