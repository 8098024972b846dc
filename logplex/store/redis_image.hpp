#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "logplex/store/entry_intake.hpp"
#include "logplex/store/redis_entry.hpp"
#include "logplex/store/redis_reply.hpp"

namespace sluice {

constexpr std::size_t kEntryKinds = std::variant_size_v<Entry>;

/// What the key `meta` says about a data set.
struct RedisMeta {
  std::uint64_t history = 0;  // names the data set; 0 = there is none
  std::uint64_t revision = 0;
  EntrySum sum;
  std::uint64_t next_drain_id = 1;
  std::uint64_t next_channel_id = 1;
  std::uint64_t readable_by = 1;
  std::uint64_t accepted = 0;  // an operator wants it taken from this revision on, whatever it deletes
  bool loading = false;        // an import is under way

  static std::vector<std::string_view> fields();
  static RedisMeta from(const RedisReply& reply);
  friend bool operator==(const RedisMeta&, const RedisMeta&) = default;
};

/// One change as the stream tells it.
struct RedisEvent {
  struct Part {
    EntryKind kind;
    std::string key;
    std::optional<std::string> value;  // none = deleted
  };
  std::uint64_t revision = 0;
  EntrySum sum;  // after it
  std::string by;
  std::vector<Part> parts;

  static std::optional<RedisEvent> from(const RedisReply& entry);
};

/// Everything that Redis holds, as one scan and the events after it found it.
struct RedisRows {
  RedisMeta meta;
  std::array<std::unordered_map<std::string, std::string>, kEntryKinds> values;

  void apply(const RedisEvent& event);
};

/// What a node knows of the data set in Redis: the snapshot it acts on, and of every stored entry, also those that it
/// cannot read, which state it has seen.
///
/// On the store's thread. A change of the data set comes as events one by one, or as all rows at once; either way the
/// snapshot changes where rows differ, and only there.
class RedisImage {
 public:
  explicit RedisImage(EntryIntake intake, std::uint64_t history);

  const ConfigSnapshot& config() const { return intake_.config(); }
  const EntryIntake& intake() const { return intake_; }
  std::uint64_t revision() const { return config().revision(); }
  std::uint64_t history() const { return history_; }
  /// As a script's `was`: "" when there is no such entry.
  std::string state_of(EntryKind kind, const std::string& key) const;

  /// False when the event does not follow on what is here, or the sum after it is another: take all rows.
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

  void remember(EntryKind kind, const std::string& key, const std::string& value);
  void forget(EntryKind kind, const std::string& key);
  void remove(EntryKind kind, const std::string& key, ChangedKeys& changed, std::vector<Effect>& written);
  void write(EntryKind kind, const std::string& key, const std::string& value, ChangedKeys& changed,
             std::vector<Effect>& written);
  void remove_missing(const RedisRows& rows, ChangedKeys& changed, std::vector<Effect>& written);
  std::vector<Effect> read_changed(const RedisRows& rows, ChangedKeys& changed);
  void make_room(const std::vector<Effect>& puts, ChangedKeys& changed);
  void make_room(const Effect& put, SnapshotEditor& editor);

  EntryIntake intake_;
  std::uint64_t history_;
  std::array<States, kEntryKinds> states_;
  EntrySum sum_;     // of states_
  EntrySum offset_;  // what the server's sum has beyond ours, since somebody wrote around the scripts
};

}  // namespace sluice
