#pragma once

#include <vector>

#include "logplex/model/changed_keys.hpp"
#include "logplex/model/snapshot.hpp"
#include "logplex/runtime/shard.hpp"

namespace sluice {

/// Something on a shard that acts on the configuration: routing table, channel table, drains.
class ConfigObserver {
 public:
  /// In a turn of its shard, before anyone is told that the change is done. `config` is valid during this turn, as is
  /// what it points to: copy what is kept. Must not add or remove observers.
  virtual void on_config(const ConfigSnapshot& config, const ChangedKeys& changed) = 0;

 protected:
  virtual ~ConfigObserver() = default;
};

/// The configuration as one shard sees it. Never empty: the store sets the first snapshot before the shards run.
///
/// Lives on its shard, owned by the store. Observers are told in the order in which they were added, so that what
/// others build on comes first; they must be removed before they are destroyed.
class ConfigFeed : public OnShard {
 public:
  /// `config` must live until another has been accepted.
  ConfigFeed(Shard& shard, const ConfigSnapshot& config) : OnShard(shard), current_(&config) {}
  ConfigFeed(const ConfigFeed&) = delete;
  ConfigFeed& operator=(const ConfigFeed&) = delete;

  /// Valid within this turn. Do not keep it, or anything from it, across a co_await.
  const ConfigSnapshot& current() const {
    check_shard();
    return *current_;
  }

  /// Told at once of everything there is.
  void add(ConfigObserver& observer);
  void remove(ConfigObserver& observer);

  /// For the store, and for tests that have none: makes this the current one and tells the observers.
  void accept(const ConfigSnapshot& config, const ChangedKeys& changed);

 private:
  const ConfigSnapshot* current_;
  std::vector<ConfigObserver*> observers_;
};

}  // namespace sluice
