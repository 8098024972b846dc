#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "logplex/store/redis/redis_entry.hpp"
#include "logplex/store/redis/redis_reply.hpp"
#include "logplex/store/redis/redis_scripts.hpp"

namespace sluice {

constexpr std::size_t kEntryKinds = std::variant_size_v<Entry>;
static_assert(kNodesKey == kFirstKindKey + kEntryKinds);

/// What the key `meta` says about a data set.
struct RedisMeta {
  std::uint64_t history = 0;  // names the data set; 0 = there is none
  std::uint64_t revision = 0;
  EntrySum sum;
  std::uint64_t next_drain_id = 1;
  std::uint64_t next_channel_id = 1;
  std::uint64_t readable_by = 1;  // the schema
  std::uint64_t accepted = 0;     // an operator wants it taken from this revision on, whatever it deletes
  bool loading = false;           // an import is under way
  std::string damaged;            // a sentence that names the first field that is not the number it should be
  std::array<std::optional<std::uint64_t>, kEntryKinds> counts;  // how many entries there should be; none in schema 1

  static std::vector<std::string_view> fields();
  static RedisMeta from(const RedisReply& reply);
  friend bool operator==(const RedisMeta&, const RedisMeta&) = default;
};

/// One change as the stream tells it.
struct RedisEvent {
  /// With neither value nor digest the entry is deleted. A large value is named by its digest; a node reads it from
  /// where the entry is.
  struct Part {
    EntryKind kind;
    std::string key;
    std::optional<std::string> value;
    std::optional<std::uint64_t> digest;
  };
  std::uint64_t revision = 0;
  EntrySum sum;  // after it
  std::string by;
  std::vector<Part> parts;

  static std::optional<RedisEvent> from(const RedisReply& entry);
};

/// A value that has to be read by itself, and what came of it.
struct WantedValue {
  EntryKind kind;
  std::string key;
  std::optional<std::string> text{};  // none: it is gone, or too large
  bool too_large = false;
};

/// A stored value as far as a node has it.
struct StoredValue {
  std::optional<std::string> text;
  std::optional<std::uint64_t> digest;  // of the state that an event named
  bool too_large = false;               // more than an entry ever has: nobody reads it
};

/// Everything that Redis holds, as one scan and the events after it found it.
struct RedisRows {
  RedisMeta meta;
  std::array<std::unordered_map<std::string, StoredValue>, kEntryKinds> values;

  std::unordered_map<std::string, StoredValue>& of(EntryKind kind) { return values[static_cast<std::size_t>(kind)]; }
  void apply(const RedisEvent& event);
  std::size_t size() const;
  /// What is known by name only.
  std::vector<WantedValue> wanted() const;
  void take(WantedValue value);
};

}  // namespace sluice
