#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "logplex/base/result.hpp"
#include "logplex/model/change.hpp"
#include "logplex/model/entry.hpp"

namespace sluice {

class ConfigSnapshot;

/// The limits of the configuration. Settings: `drains.max_per_channel`, `drains.max_global`,
/// `limits.tokens_per_channel`, `limits.config_bytes_per_channel`. When a limit is lowered, what exceeds it stays, but
/// cannot grow.
struct ConfigLimits {
  std::size_t drains_per_channel = 6;  // with url; 16 more than this may be reserved
  std::size_t global_drains = 64;
  std::size_t tokens_per_channel = 1000;
  std::size_t config_bytes_per_channel = std::size_t{1} << 20;  // app, tokens and drains of one channel, as stored
  std::size_t entry_bytes = std::size_t{512} << 10;             // of one entry
  std::size_t domains_per_app = 1000;
  std::size_t backends_per_app = 1000;
  std::size_t sessions = 100'000;
  std::size_t keys = 10'000;
  std::size_t keys_made_by_limited = 9'000;    // with so many keys in all, limited keys cannot make more
  std::size_t limited_keys_per_channel = 100;  // with so many keys of a channel, limited keys cannot make more for it
  std::size_t waiting_keys_per_channel = 100;  // keys made before the channel
  std::size_t waiting_channels = 2'000;        // that the waiting keys of one channel name together
  std::size_t credentials = 10'000;
};

/// One entry to write, or to delete.
struct Effect {
  EntryKind kind;
  std::string key;
  std::optional<Entry> entry;  // none = delete
};

/// The entries that a valid change writes or deletes: in one transaction, then published to the shards.
struct Effects {
  std::vector<Effect> list;
  Applied applied;  // without the revision
};

/// The one place where invariants are checked: existence, one owner per domain, duplicates, limits, acceptable values.
/// Pure: the same snapshot and change give the same effects. Any thread.
result<Effects, Error> decide(const ConfigSnapshot& config, const Change& change, const ConfigLimits& limits);

}  // namespace sluice
