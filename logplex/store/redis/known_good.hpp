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

/// The last known good configuration: a copy of what the node acts on, in the data directory, from which it starts
/// when Redis is away.
///
/// Lives on the store's shard; the file is written by a lane of its own, all that gathered meanwhile in one
/// transaction. When the file cannot be written, that is logged once, and the whole copy is written again as soon as
/// there is a change. The replica outlives it; the gate's tasks have ended before it is destroyed.
class KnownGood {
 public:
  KnownGood(Shard& shard, EntryTable table, const RedisReplica& replica);
  KnownGood(const KnownGood&) = delete;
  KnownGood& operator=(const KnownGood&) = delete;
  /// Writes what is still to be written.
  ~KnownGood();

  void start(Gate& gate);
  /// What the replica has changed since the last call.
  void note(std::vector<Effect> written);
  bool failing() const { return failing_; }

 private:
  struct Batch {
    std::vector<Effect> effects;
    StoredCounters counters;
    bool whole = false;
  };

  Task<void> write();
  Batch take(bool whole);
  /// What went wrong; none when nothing did.
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
