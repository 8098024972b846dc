#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "logplex/store/entry_loader.hpp"

namespace sluice {

/// Entries that cannot all be in force: two claim one domain, one token value or one key, or one needs a channel that
/// is not there. Only who writes around the store's checks can make such entries. Every node has to choose the same
/// ones, in whatever order it read them:
///
///     Of entries that claim the same, the one with the smallest key, in order of bytes, is in force. The others are
///     left out whole and named as quarantined. They wait here, and come into force when what stands in their way goes.
///
/// On the store's thread. Each that waits is listed under one entry that stands in its way, and is looked at again only
/// when that one changes; so a change costs what it frees, not what waits.
class EntryContest {
 public:
  /// What a change works on: the snapshot, what shards are told, and what a copy has to write.
  struct Turn {
    EntryLoader& loader;
    ChangedKeys& changed;
    std::vector<Effect>& written;
  };

  /// The entry is in force afterwards, or waits.
  void put(Effect effect, const Turn& turn);
  /// The stored value of this key is gone, or cannot be read. What waited for it is looked at in settle().
  void forget(EntryKind kind, const std::string& key);
  /// The end of a change: puts into force what nothing stands in the way of any more.
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
  std::set<Name> again_;                   // of waiting_: what settle() looks at
};

}  // namespace sluice
