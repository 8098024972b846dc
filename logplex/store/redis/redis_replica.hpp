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

/// What a node knows of the data set in Redis: the snapshot it acts on, and of every stored entry, also those that it
/// cannot read, which state it has seen.
///
/// On the store's thread. A change of the data set comes as events one by one, or as all rows at once; either way the
/// snapshot changes where rows differ, and only there. It depends on the rows alone, not on the order in which they
/// came: see EntryContest.
class RedisReplica {
 public:
  explicit RedisReplica(EntryLoader loader, std::uint64_t history);

  const ConfigSnapshot& config() const { return loader_.config(); }
  const EntryLoader& loader() const { return loader_; }
  std::uint64_t revision() const { return config().revision(); }
  std::uint64_t history() const { return history_; }
  /// What the server's sum is when it holds what is here.
  EntrySum sum() const { return sum_.plus(offset_); }
  /// As a script's `was`: "" when there is no such entry.
  std::string state_of(EntryKind kind, const std::string& key) const;

  /// False when the event does not follow on what is here, or the sum after it is another: take all rows. A part that
  /// is only named leaves the entry as it was: its value is newer already, and a later event brings it.
  bool apply(const RedisEvent& event, ChangedKeys& changed, std::vector<Effect>& written);
  /// How many of the known entries these rows do not have, and how many there are.
  struct Loss {
    std::size_t deleted = 0;
    std::size_t known = 0;
  };
  Loss loss(const RedisRows& rows) const;
  /// Returns how many entries were new, different or gone.
  std::size_t replace(const RedisRows& rows, ChangedKeys& changed, std::vector<Effect>& written);
  /// What a complete copy would have to write.
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
  EntrySum offset_;  // what the server's sum has beyond ours, since somebody wrote around the scripts
};

}  // namespace sluice
