#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "logplex/model/decide/decide.hpp"
#include "logplex/runtime/gate.hpp"
#include "logplex/runtime/lane.hpp"
#include "logplex/store/redis/redis_replica.hpp"
#include "logplex/store/sqlite/entry_table.hpp"

namespace sluice {

/// The last known good configuration: a copy, in the data directory, of the configuration that the node acts on. The
/// node starts from it when Redis is unreachable.
///
/// Lives on the store's shard. A lane of its own writes the file; changes that gather during a write go into one
/// transaction. When the file cannot be written, it logs that once and writes the whole copy at the next change. The
/// replica outlives it; the gate's tasks have ended before it is destroyed.
class KnownGood {
 public:
  KnownGood(Shard& shard, EntryTable table, const RedisReplica& replica);
  KnownGood(const KnownGood&) = delete;
  KnownGood& operator=(const KnownGood&) = delete;
  /// Writes pending changes, blocking.
  ~KnownGood();

  void start(Gate& gate);
  /// Queues the effects by which the replica has changed since the last call.
  void note(std::vector<Effect> written);

 private:
  struct Batch {
    std::vector<Effect> effects;
    StoredCounters counters;
    bool whole = false;
  };

  Task<void> write();
  Batch take(bool whole);
  /// Why the write failed; none when it succeeded.
  std::optional<std::string> commit(const Batch& batch);
  void note_outcome(const std::optional<std::string>& trouble);

  EntryTable table_;  // on the lane while a batch is being written
  const RedisReplica& replica_;
  Event noted_;
  std::vector<Effect> pending_;
  bool changed_ = false;
  bool failing_ = false;
  bool writing_ = false;
  std::unique_ptr<Lane> lane_;
};

}  // namespace sluice
