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

/// Kinds in an order in which what others refer to comes first.
inline constexpr EntryKind kLoadOrder[] = {EntryKind::kChannel,   EntryKind::kApp,     EntryKind::kToken,
                                           EntryKind::kDrain,     EntryKind::kSession, EntryKind::kApiKey,
                                           EntryKind::kCredential};

/// Makes stored entries into a snapshot. What cannot be read, or contradicts what is there, is quarantined by name: it
/// is left out, or what was there before stays, until a good write of the same key. One thread at a time.
class EntryLoader {
 public:
  /// `source` names the file or server in logs.
  /// `seal` opens sealed secrets; null: entries that need it are quarantined.
  explicit EntryLoader(std::string source, std::shared_ptr<const Seal> seal = nullptr)
      : source_(std::move(source)), seal_(std::move(seal)), config_(SnapshotEditor::empty(slots_)) {}

  const Seal* seal() const { return seal_.get(); }

  ConfigSnapshot& config() { return config_; }
  const ConfigSnapshot& config() const { return config_; }
  SlotSequence& slots() { return slots_; }
  SnapshotEditor editor(ChangedKeys& changed) { return {config_, slots_, changed}; }

  /// Reads one entry and applies it. False when it was quarantined.
  bool take(EntryKind kind, std::string_view key, std::string_view json, ChangedKeys& changed);
  /// The same for an entry that has been read.
  bool put(Effect effect, ChangedKeys& changed);
  /// Quarantines what could not be read. A channel is there all the same, without name and flags.
  void leave_out(EntryKind kind, std::string_view key, const std::string& reason, ChangedKeys& changed);
  void quarantine(EntryKind kind, std::string_view key, const std::string& reason);
  /// What these wrote or deleted is no longer quarantined.
  void release(const std::vector<Effect>& effects);

  /// Whether an entry of this kind whose key begins so is quarantined.
  bool has_quarantined(EntryKind kind, const std::string& prefix) const;
  /// Fills in revision, entries and what is quarantined.
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
