#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "logplex/model/change.hpp"
#include "logplex/model/decide.hpp"
#include "logplex/model/snapshot_editor.hpp"
#include "logplex/store/entry_table.hpp"
#include "logplex/store/store.hpp"

namespace sluice {

/// The embedded store without threads: table and snapshot, changed together or not at all.
///
/// Runs on one thread at a time and blocks. When the table cannot be written, the snapshot stays as it was, every
/// change of the batch is answered kUnavailable, and the next batch is tried afresh.
class StoreCore {
 public:
  /// Reads everything. A bad entry is quarantined, not an error.
  static result<StoreCore, Error> open(const std::string& path, const ConfigLimits& limits);

  struct Batch {
    std::vector<result<Applied, Error>> outcomes;  // one per change, in order
    ChangedKeys changed;
    bool wrote = false;   // false: config() is what it was
    bool failed = false;  // the table could not be written
  };
  /// Decides each change on the outcome of those before it, then commits all of them in one transaction.
  Batch apply(std::span<const Change> changes);

  const ConfigSnapshot& config() const { return config_; }
  /// All but `kind`.
  StoreStatus status() const;
  std::uint64_t entries() const;

 private:
  StoreCore(EntryTable table, const ConfigLimits& limits)
      : table_(std::move(table)), limits_(limits), config_(SnapshotEditor::empty(slots_)) {}

  result<void, Error> load();
  result<void, Error> load_kind(EntryKind kind);
  void load_entry(EntryKind kind, std::string_view key, std::string_view json);
  void quarantine(EntryKind kind, std::string_view key, const std::string& reason);
  void release(const std::vector<Effect>& effects);

  EntryTable table_;
  ConfigLimits limits_;
  SlotSequence slots_;
  ConfigSnapshot config_;
  std::map<std::pair<EntryKind, std::string>, std::string> quarantined_;
  std::uint64_t unknown_kinds_ = 0;
  std::string trouble_;  // empty = the last commit worked
};

}  // namespace sluice
