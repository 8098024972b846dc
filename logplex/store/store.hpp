#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "logplex/base/metrics.hpp"
#include "logplex/base/result.hpp"
#include "logplex/base/settings.hpp"
#include "logplex/model/change.hpp"
#include "logplex/model/decide/decide.hpp"
#include "logplex/runtime/runtime.hpp"
#include "logplex/runtime/task.hpp"
#include "logplex/store/config_feed.hpp"

namespace sluice {

/// A stored entry that could not be read, and is left out until a good write replaces it.
struct Quarantined {
  std::string kind;
  std::string key;     // as public_key() shows it
  std::string reason;  // names the field, never a value
};

/// A warning of stores that have no key to seal with.
inline constexpr const char* kNotSealed =
    "secrets in the store are not sealed: name a file with a key in store.secret_key_file";

/// One of the nodes that share a store.
struct NodeSeen {
  std::string node;  // host and data directory
  std::uint64_t revision = 0;
  bool up_to_date = false;
  std::string state;                // in words
  std::chrono::milliseconds ago{};  // when it said so
};

struct StoreStatus {
  std::string kind;                      // "embedded", "redis"
  bool reachable = true;                 // the last write worked, or none has been tried
  std::string trouble;                   // why not; names the file or server, no secrets
  bool has_configuration = true;         // false: none was ever read, so that there is nothing to serve by
  bool up_to_date = true;                // the node acts on what the store holds
  std::string state = "up to date";      // the same in words
  std::uint64_t known_revision = 0;      // the newest in the store, as far as the node knows
  std::uint64_t revision = 0;            // in force on every shard
  std::uint64_t entries = 0;             // of all kinds
  std::vector<Quarantined> quarantined;  // at most 100
  std::uint64_t quarantined_count = 0;
  std::vector<NodeSeen> nodes;        // that share the store, this one first; none when nobody can share it
  std::vector<std::string> warnings;  // what an operator should change, in sentences
  std::uint64_t unknown_kinds = 0;    // entries of kinds that this version does not know; kept as they are
};

/// Where the configuration lives, and how it reaches the shards: one conformance suite holds for every kind.
///
/// Made by open_store() before the shards run, then start(), then Runtime::start(). Destroyed after Runtime::join() and
/// before the Runtime. Writing happens on the store's own thread; shards never wait for it, their tasks do.
class Store {
 public:
  virtual ~Store() = default;

  /// Sets the first snapshot on every shard. Once, before the shards run.
  virtual void start(Runtime& runtime) = 0;

  /// Awaitable on any shard. Completes, on that shard, when the change is durable and every shard of this node acts on
  /// it; then a lookup in feed().current() shows it (unless a later change is there already). Errors: ConfigError, with
  /// a sentence fit for an answer. kUnavailable: try again later; nothing was changed, unless the sentence says that
  /// nobody knows: the connection broke before the answer, and did not come back in time to ask again. A caller that is
  /// cancelled does not learn the outcome.
  virtual Task<result<Applied, Error>> apply(Change change) = 0;

  /// The feed of the shard whose turn is running, or of a shard that has not begun to run.
  virtual ConfigFeed& feed(const Shard& shard) = 0;

  /// Any thread.
  virtual StoreStatus status() const = 0;
  /// Names the data set that several nodes may share; 0 = there is none, or it is not known yet. Any thread.
  virtual std::uint64_t data_set() const { return 0; }
  /// Any thread; adds the same values wherever it is called, so once per scrape.
  virtual void add_metrics(MetricsPage& page) const = 0;
};

/// Opens what `store.url` names; data_dir exists and is locked. Errors name the file or server and what is wrong with
/// it: unreadable, damaged, written by a newer version, of a kind that this build does not have. `dns_servers` as in
/// process.dns_servers: for the names of Redis.
result<std::unique_ptr<Store>, Error> open_store(const StoreSettings& settings, const std::string& data_dir,
                                                 const ConfigLimits& limits, Clock& clock,
                                                 const std::vector<std::string>& dns_servers = {});

}  // namespace sluice
