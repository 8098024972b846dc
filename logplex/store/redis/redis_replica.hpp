#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "logplex/store/entry_contest.hpp"
#include "logplex/store/entry_loader.hpp"
#include "logplex/store/redis/redis_rows.hpp"

namespace sluice {

/// The node's copy of the data set in Redis: the snapshot that it acts on, and the last seen state of every stored
/// entry, including those that it cannot read.
///
/// Runs on the store's thread. Changes come as single events or as all rows at once. In both cases only entries that
/// differ change in the snapshot. The result does not depend on the order of the rows: see EntryContest.
class RedisReplica {
 public:
  explicit RedisReplica(EntryLoader loader, std::uint64_t history);

  const ConfigSnapshot& config() const { return loader_.config(); }
  const EntryLoader& loader() const { return loader_; }
  std::uint64_t revision() const { return config().revision(); }
  std::uint64_t history() const { return history_; }
  /// The sum that the server has when it holds the same entries as this replica.
  EntrySum sum() const { return sum_.plus(offset_); }
  /// The entry's state, for a script's `was`: "" when there is no such entry.
  std::string state_of(EntryKind kind, const std::string& key) const;

  /// False when the event is not the next revision, or the sum after it differs: then call replace() with all rows. A
  /// part with a digest but no value leaves the entry as it was: its value is newer, and a later event brings it.
  bool apply(const RedisEvent& event, ChangedKeys& changed, std::vector<Effect>& written);
  /// How many of the known entries (without sessions) these rows lack, and how many are known.
  struct Loss {
    std::size_t deleted = 0;
    std::size_t known = 0;
  };
  Loss loss(const RedisRows& rows) const;
  /// Takes over all rows. Returns how many entries were new, different or gone.
  std::size_t replace(const RedisRows& rows, ChangedKeys& changed, std::vector<Effect>& written);
  /// The effects that a complete copy has to write.
  std::vector<Effect> everything() const;

 private:
  using States = std::unordered_map<std::string, std::uint64_t>;

  void remember(EntryKind kind, const std::string& key, std::uint64_t digest);
  void forget(EntryKind kind, const std::string& key);
  bool is_known(EntryKind kind, const std::string& key, std::uint64_t digest) const;
  void remove(EntryKind kind, const std::string& key, ChangedKeys& changed, std::vector<Effect>& written);
  void write(EntryKind kind, const std::string& key, const std::string& value, ChangedKeys& changed,
             std::vector<Effect>& written);
  void remove_missing(const RedisRows& rows, ChangedKeys& changed, std::vector<Effect>& written);
  std::vector<Effect> read_changed(const RedisRows& rows, ChangedKeys& changed);
  void make_room(const std::vector<Effect>& puts, ChangedKeys& changed);
  void make_room(const Effect& put, SnapshotEditor& editor);

  EntryLoader loader_;
  EntryContest contest_;
  std::uint64_t history_;
  std::array<States, kEntryKinds> states_;
  EntrySum sum_;     // of states_
  EntrySum offset_;  // server's sum minus ours: not 0 after writes that bypass the scripts
};

}  // namespace sluice
