#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "logplex/base/seal.hpp"
#include "logplex/model/change.hpp"
#include "logplex/model/decide/decide.hpp"
#include "logplex/store/entry_loader.hpp"
#include "logplex/store/sqlite/entry_table.hpp"
#include "logplex/store/store.hpp"

namespace sluice {

/// The embedded store without threads: table and snapshot, changed together or not at all.
///
/// Runs on one thread at a time and blocks. When the table cannot be written, the snapshot stays as it was, every
/// change of the batch fails with kUnavailable, and the next batch tries again.
class StoreCore {
 public:
  /// Reads everything. Quarantines a bad entry; that is not an error.
  static result<StoreCore, Error> open(const std::string& path, const ConfigLimits& limits,
                                       std::shared_ptr<const Seal> seal = nullptr);

  struct Batch {
    std::vector<result<Applied, Error>> outcomes;  // one per change, in order
    ChangedKeys changed;
    bool wrote = false;   // false: config() has not changed
    bool failed = false;  // the table could not be written
  };
  /// Decides each change on top of the changes before it, then commits all in one transaction.
  Batch apply(std::span<const Change> changes);

  const ConfigSnapshot& config() const { return loader_.config(); }
  /// Everything except `kind`.
  StoreStatus status() const;
  /// Moves out the table and the loader, for a store that uses this file as its local copy.
  EntryTable take_table() { return std::move(table_); }
  EntryLoader take_loader() { return std::move(loader_); }
  std::uint64_t history() const { return history_; }

 private:
  StoreCore(EntryTable table, const ConfigLimits& limits, std::shared_ptr<const Seal> seal)
      : table_(std::move(table)), limits_(limits), loader_(table_.path(), std::move(seal)) {}

  result<void, Error> load();
  void take(EntryKind kind, std::string_view key, std::string_view json, std::vector<Effect>& unsealed);
  result<void, Error> seal_again(const std::vector<Effect>& unsealed, const StoredCounters& counters);

  EntryTable table_;
  ConfigLimits limits_;
  EntryLoader loader_;
  std::uint64_t history_ = 0;
  std::uint64_t unknown_kinds_ = 0;
  std::string trouble_;  // empty = the last commit succeeded
};

}  // namespace sluice
