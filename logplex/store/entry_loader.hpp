#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "logplex/base/seal.hpp"
#include "logplex/model/decide/decide.hpp"
#include "logplex/model/decide/snapshot_editor.hpp"

namespace sluice {

struct StoreStatus;

/// Kinds in load order: a kind comes before the kinds that refer to it.
inline constexpr EntryKind kLoadOrder[] = {EntryKind::kChannel,   EntryKind::kApp,     EntryKind::kToken,
                                           EntryKind::kDrain,     EntryKind::kSession, EntryKind::kApiKey,
                                           EntryKind::kCredential};

/// Makes a snapshot from stored entries. Quarantines an entry that it cannot read or that conflicts with another one:
/// the entry is left out, or its earlier value stays, until a good write of the same key. One thread at a time.
class EntryLoader {
 public:
  /// `source` names the file or server in logs. `seal` opens sealed secrets; null: entries that need it are
  /// quarantined.
  explicit EntryLoader(std::string source, std::shared_ptr<const Seal> seal = nullptr)
      : source_(std::move(source)), seal_(std::move(seal)), config_(SnapshotEditor::empty(slots_)) {}

  const Seal* seal() const { return seal_.get(); }

  ConfigSnapshot& config() { return config_; }
  const ConfigSnapshot& config() const { return config_; }
  SlotSequence& slots() { return slots_; }
  SnapshotEditor editor(ChangedKeys& changed) { return {config_, slots_, changed}; }

  /// Decodes one entry and applies it. False when it was quarantined.
  bool take(EntryKind kind, std::string_view key, std::string_view json, ChangedKeys& changed);
  /// The same for an entry that is already decoded.
  bool put(Effect effect, ChangedKeys& changed);
  /// Quarantines an entry that could not be read. A channel still exists, without name and flags.
  void leave_out(EntryKind kind, std::string_view key, const std::string& reason, ChangedKeys& changed);
  void quarantine(EntryKind kind, std::string_view key, const std::string& reason);
  /// Ends the quarantine of the entries that these effects wrote or deleted.
  void release(const std::vector<Effect>& effects);

  /// Whether an entry of this kind whose key begins with `prefix` is quarantined.
  bool has_quarantined(EntryKind kind, const std::string& prefix) const;
  /// Fills in the revision, the number of entries and the quarantined entries.
  void describe(StoreStatus& status) const;
  std::uint64_t entries() const;

 private:
  std::string source_;
  std::shared_ptr<const Seal> seal_;
  SlotSequence slots_;
  ConfigSnapshot config_;
  std::map<std::pair<EntryKind, std::string>, std::string> quarantined_;
};

}  // namespace sluice
