#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "logplex/store/entry_loader.hpp"

namespace sluice {

/// Resolves conflicts between stored entries: two entries claim the same domain, token value or API key, or an entry
/// needs a channel that does not exist. Only writes that bypass the store's checks can create them. Every node has to
/// make the same choice, in whatever order it read the entries:
///
///     Of entries that claim the same thing, the one with the smallest key, in byte order, is in force. The others are
///     left out whole and listed as quarantined. They wait here, and come into force when no other entry blocks them.
///
/// Runs on the store's thread. Each waiting entry is listed under one entry that blocks it, and is tried again only
/// when that one changes. So the cost of a change depends on the entries that it unblocks, not on all that wait.
class EntryContest {
 public:
  /// What a change works on: the snapshot, the keys to report to the shards, and the effects that a copy has to write.
  struct Turn {
    EntryLoader& loader;
    ChangedKeys& changed;
    std::vector<Effect>& written;
  };

  /// Afterwards the entry is in force or waits.
  void put(Effect effect, const Turn& turn);
  /// Call when the stored value of this key is gone or cannot be read. settle() then tries the entries it blocked.
  void forget(EntryKind kind, const std::string& key);
  /// Call at the end of a change: puts into force the entries that nothing blocks any more.
  void settle(const Turn& turn);

 private:
  /// In load order of kinds, then in order of bytes.
  using Name = std::pair<std::size_t, std::string>;
  struct Waiting {
    Effect effect;
    Name blocker;
  };

  static Name name_of_entry(EntryKind kind, const std::string& key);
  static std::vector<Entry> rivals(const ConfigSnapshot& config, const Entry& entry);
  void wait(Effect effect, Name blocker, const std::string& reason, const Turn& turn);
  void stop_waiting(const Name& name);
  void look_again_behind(const Name& name);
  void evict(const std::vector<Entry>& losers, const Effect& winner, const Turn& turn);

  std::map<Name, Waiting> waiting_;
  std::map<Name, std::set<Name>> behind_;  // by blocker
  std::set<Name> again_;                   // waiting entries that settle() will try
};

}  // namespace sluice
