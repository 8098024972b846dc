#pragma once

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "logplex/net/dial/address_guard.hpp"
#include "logplex/store/publisher.hpp"
#include "logplex/store/redis/known_good.hpp"
#include "logplex/store/redis/redis_follower.hpp"
#include "logplex/store/redis/redis_presence.hpp"
#include "logplex/store/redis/redis_writer.hpp"
#include "logplex/store/sqlite/store_core.hpp"
#include "logplex/store/store.hpp"

namespace sluice {

/// The store of many nodes: Redis holds the configuration, scripts change it, and every node follows it.
///
///     apply() --> store shard: RedisWriter --script--> Redis --stream--> RedisFollower --> replica --> Publisher -->
///     shards
///                                                                                          `-> KnownGood (SQLite)
///
/// All parts live on a shard of their own, whose thread is named "store", so no shard of the node ever waits for Redis.
/// While Redis is unreachable, the node uses its last known configuration, even after a restart, and changes fail with
/// kUnavailable. At most 10,000 changes wait; more are refused at once.
class RedisStore final : public Store, private RedisFollower::Observer {
 public:
  /// `name` identifies this node to the others; `copy` is the configuration that an earlier run left in data_dir.
  RedisStore(std::string name, RedisTarget target, StoreCore copy, const StoreSettings& settings,
             const ConfigLimits& limits, Clock& clock, const std::vector<std::string>& dns_servers);
  ~RedisStore() override;

  /// Blocks until the first attempt to read Redis has succeeded or failed, at most 60 s.
  void start(Runtime& runtime) override;
  Task<result<Applied, Error>> apply(Change change) override;
  ConfigFeed& feed(const Shard& shard) override { return publisher_->feed(shard.id()); }
  StoreStatus status() const override;
  std::uint64_t data_set() const override { return data_set_.load(std::memory_order_relaxed); }
  void add_metrics(MetricsPage& page) const override;

 private:
  struct Figures {
    FollowCounters follow;
    WriteCounters write;
  };

  void on_replica(ChangedKeys changed, std::vector<Effect> written) override;
  void on_state() override;
  Task<void> on_whole_read(std::shared_ptr<RedisConnection> connection) override;
  Task<void> make_change(std::shared_ptr<AppliedReply> reply, Change change);
  Task<void> remove_expired();
  Task<void> announce();
  void wait_until_stopped(std::promise<void>& stopped);
  void on_shown();
  void show_status();
  std::string state_text() const;
  std::vector<NodeSeen> nodes_seen(const StoreStatus& own) const;
  template <class F>
  void on_store_shard(F f);

  const RedisTarget target_;
  Clock& clock_;
  Runtime runtime_;
  Shard& shard_;
  AddressGuard guard_;
  Resolver resolver_;
  // On the store's shard, once started:
  Gate gate_;
  Dialer dialer_;
  RedisReplica replica_;
  KnownGood known_good_;
  RevisionWait shown_;
  RedisFollower follower_;
  RedisMaster master_;
  RedisWriter writer_;
  RedisPresence presence_;
  std::unique_ptr<Publisher> publisher_;
  std::promise<void> first_look_;
  bool looked_ = false;

  std::atomic<std::size_t> waiting_{0};
  std::atomic<std::uint64_t> data_set_{0};
  mutable std::mutex mutex_;  // guards the members below
  StoreStatus status_;
  Figures figures_;
  std::vector<NodeSeen> heard_;  // reports of the other nodes
  SteadyTime heard_at_{};
};

}  // namespace sluice
