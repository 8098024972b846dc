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

/// A stored entry that could not be read or conflicts with another one; left out until a good write replaces it.
struct Quarantined {
  std::string kind;
  std::string key;     // as public_key() shows it
  std::string reason;  // names the field, never a value
};

/// The warning of a store that has no key to seal secrets with.
inline constexpr const char* kNotSealed =
    "secrets in the store are not sealed: name a file with a key in store.secret_key_file";

/// One of the nodes that share a store.
struct NodeSeen {
  std::string node;  // host and data directory
  std::uint64_t revision = 0;
  bool up_to_date = false;
  std::string state;                // in words, for people
  std::chrono::milliseconds ago{};  // time since its report
};

struct StoreStatus {
  std::string kind;                      // "embedded", "redis"
  bool reachable = true;                 // embedded: the last write succeeded, or there was none; redis: following
  std::string trouble;                   // why it is not reachable; names the file or server, no secrets
  bool has_configuration = true;         // false: none was ever read, so the node has nothing to serve
  bool up_to_date = true;                // the node acts on what is in the store
  std::string state = "up to date";      // up_to_date in words
  std::uint64_t known_revision = 0;      // the newest in the store, as far as the node knows
  std::uint64_t revision = 0;            // in force on every shard
  std::uint64_t entries = 0;             // of all kinds
  std::vector<Quarantined> quarantined;  // at most 100
  std::uint64_t quarantined_count = 0;
  std::vector<NodeSeen> nodes;        // nodes that share the store, this one first; empty for a store of one machine
  std::vector<std::string> warnings;  // what an operator should change, in sentences
  std::uint64_t unknown_kinds = 0;    // entries of kinds that this version does not know; left as they are
};

/// Stores the configuration and delivers it to the shards. Every kind of store passes the same conformance suite.
///
/// Made by open_store() before the shards run; then call start(), then Runtime::start(). Destroyed after
/// Runtime::join() and before the Runtime. The store writes on its own thread; tasks wait for a write, but shards never
/// block on it.
class Store {
 public:
  virtual ~Store() = default;

  /// Sets the first snapshot on every shard. Call once, before the shards run.
  virtual void start(Runtime& runtime) = 0;

  /// Awaitable on any shard. Completes, on that shard, when the change is durable and every shard of this node acts on
  /// it; feed().current() then shows it, unless a later change has replaced it. Errors: ConfigError, with a message fit
  /// for an API reply. kUnavailable: try again later. Nothing was changed unless the message says otherwise: the change
  /// was made but is not yet in force here or on enough replicas, or its outcome is unknown because the connection
  /// broke before the answer and did not come back in time. A caller that is cancelled does not learn the outcome.
  virtual Task<result<Applied, Error>> apply(Change change) = 0;

  /// The feed of this shard. Call it in a turn of that shard, or before the shard runs.
  virtual ConfigFeed& feed(const Shard& shard) = 0;

  /// Any thread.
  virtual StoreStatus status() const = 0;
  /// Identifies the data set that several nodes may share; 0 = there is none, or it is not known yet. Any thread.
  virtual std::uint64_t data_set() const { return 0; }
  /// Any thread. The values are those of the whole store, so call it once per scrape, not once per shard.
  virtual void add_metrics(MetricsPage& page) const = 0;
};

/// Opens the store that `store.url` names; data_dir exists and is locked. Errors name the file or server and what is
/// wrong with it: unreadable, damaged, written by a newer version, of a kind that this build does not have.
/// `dns_servers`, as in process.dns_servers, resolve the host names of Redis.
result<std::unique_ptr<Store>, Error> open_store(const StoreSettings& settings, const std::string& data_dir,
                                                 const ConfigLimits& limits, Clock& clock,
                                                 const std::vector<std::string>& dns_servers = {});

}  // namespace sluice
