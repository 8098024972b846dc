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

/// The content of the key `meta`, which describes a data set.
struct RedisMeta {
  std::uint64_t history = 0;  // id of the data set; 0 = there is none
  std::uint64_t revision = 0;
  EntrySum sum;
  std::uint64_t next_drain_id = 1;
  std::uint64_t next_channel_id = 1;
  std::uint64_t readable_by = 1;  // schema of the data set
  std::uint64_t accepted = 0;     // revision as of which an operator accepted all deletions; 0 = never
  bool loading = false;           // an import is under way
  std::string damaged;            // a sentence about the first field that is not a valid number; else empty
  std::array<std::optional<std::uint64_t>, kEntryKinds> counts;  // entries per kind; not in schema 1

  static std::vector<std::string_view> fields();
  static RedisMeta from(const RedisReply& reply);
  friend bool operator==(const RedisMeta&, const RedisMeta&) = default;
};

/// One change in the stream.
struct RedisEvent {
  /// Has neither value nor digest when the entry was deleted. For a large value the stream has only the digest, and a
  /// node reads the value from the entry itself.
  struct Part {
    EntryKind kind;
    std::string key;
    std::optional<std::string> value;
    std::optional<std::uint64_t> digest;
  };
  std::uint64_t revision = 0;
  EntrySum sum;  // after this change
  std::string by;
  std::vector<Part> parts;

  static std::optional<RedisEvent> from(const RedisReply& entry);
};

/// A value that has to be read separately, and the result.
struct WantedValue {
  EntryKind kind;
  std::string key;
  std::optional<std::string> text{};  // none: the entry is gone, or the value too large
  bool too_large = false;
};

/// A stored value, as far as the node knows it.
struct StoredValue {
  std::optional<std::string> text;
  std::optional<std::uint64_t> digest;  // of the value that an event named
  bool too_large = false;               // above the size limit of an entry: not read
};

/// Everything that Redis holds, from one scan and the events after it.
struct RedisRows {
  RedisMeta meta;
  std::array<std::unordered_map<std::string, StoredValue>, kEntryKinds> values;

  std::unordered_map<std::string, StoredValue>& of(EntryKind kind) { return values[static_cast<std::size_t>(kind)]; }
  void apply(const RedisEvent& event);
  std::size_t size() const;
  /// The entries whose values are not known yet.
  std::vector<WantedValue> wanted() const;
  void take(WantedValue value);
};

}  // namespace sluice
