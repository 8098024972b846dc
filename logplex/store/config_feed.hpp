#pragma once

#include <vector>

#include "logplex/model/changed_keys.hpp"
#include "logplex/model/snapshot.hpp"
#include "logplex/runtime/shard.hpp"

namespace sluice {

/// Something on a shard that acts on the configuration: routing table, channel table, drains.
class ConfigObserver {
 public:
  /// Called in a turn of its shard, before the caller of Store::apply() gets its answer. `config` and everything it
  /// points to are valid during this turn only: copy what you keep. Must not add or remove observers.
  virtual void on_config(const ConfigSnapshot& config, const ChangedKeys& changed) = 0;

 protected:
  virtual ~ConfigObserver() = default;
};

/// The configuration as one shard sees it. Never empty: the store sets the first snapshot before the shards run.
///
/// Lives on its shard, owned by the store. Observers are called in the order in which they were added, so add an
/// observer before those that depend on it. Remove an observer before it is destroyed.
class ConfigFeed : public OnShard {
 public:
  /// `config` must live until another snapshot has been accepted.
  ConfigFeed(Shard& shard, const ConfigSnapshot& config) : OnShard(shard), current_(&config) {}
  ConfigFeed(const ConfigFeed&) = delete;
  ConfigFeed& operator=(const ConfigFeed&) = delete;

  /// Valid within this turn. Do not keep it, or anything from it, across a co_await.
  const ConfigSnapshot& current() const {
    check_shard();
    return *current_;
  }

  /// Calls the observer at once, with everything in the current configuration as changed.
  void add(ConfigObserver& observer);
  void remove(ConfigObserver& observer);

  /// For the store, and for tests without one: makes this snapshot current and calls the observers.
  void accept(const ConfigSnapshot& config, const ChangedKeys& changed);

 private:
  const ConfigSnapshot* current_;
  std::vector<ConfigObserver*> observers_;
};

}  // namespace sluice
