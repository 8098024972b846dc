#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "logplex/store/redis/redis_answered.hpp"
#include "logplex/store/redis/redis_change.hpp"
#include "logplex/store/redis/redis_follower.hpp"
#include "logplex/store/redis/redis_master.hpp"
#include "logplex/store/redis/redis_scripts.hpp"
#include "logplex/store/redis/revision_wait.hpp"

namespace sluice {

struct WriteCounters {
  std::uint64_t changes = 0;
  std::uint64_t refused = 0;
  std::uint64_t retried = 0;     // decided again, because another node made a change first
  std::uint64_t repeated = 0;    // sent again, because the connection broke or the server said "not now"
  std::uint64_t made_again = 0;  // acknowledged, missing on a new master, and made there
  std::uint64_t lost = 0;        // acknowledged, missing on a new master, could not be made there
  double seconds = 0;            // sum of the times from apply() to its outcome
};

/// Makes changes in Redis: decides on the replica, has one script check and write the change, and waits until the
/// change has come back through the stream and all shards act on it.
///
/// Lives on the store's shard. Many changes can be under way at once. If a decision was based on outdated data, the
/// writer decides again once the replica has caught up. A refusal is final only if the replica was as new as Redis.
///
/// When the connection breaks after a script was sent, the writer sends the same change again on the next connection;
/// the script sees in the stream whether the change was already made. Without a connection, or after the timeout, the
/// result is kUnavailable. If a change was sent but got no reply, it may have been made, and the message says so.
///
/// The writer acknowledges a change only when the server that made it is still the master, as far as the sentinels
/// know, and `store.min_replicas` replicas have it. A replica that becomes the master may still lack acknowledged
/// changes. Then make_again() finds them by the server's change stream, and makes them there or logs them as lost.
class RedisWriter {
 public:
  /// The arguments passed by reference outlive it. `shown` knows which revision all shards act on.
  RedisWriter(Shard& shard, RedisFollower& follower, const RedisReplica& replica, RevisionWait& shown,
              RedisMaster& master, const ConfigLimits& limits, std::uint64_t min_replicas, Duration timeout);

  Task<result<Applied, Error>> apply(Change change);
  /// Call before all rows are read: makes the changes that this node acknowledged lately and that this server lacks.
  Task<void> make_again(std::shared_ptr<RedisConnection> connection);
  const WriteCounters& counters() const { return counters_; }

 private:
  struct Verdict;
  struct Attempt;
  using AnsweredList = std::deque<AnsweredChange>;

  Task<result<Applied, Error>> attempts(Attempt attempt);
  Task<result<void, Error>> ready(SteadyTime until, bool patient);
  Task<result<bool, Error>> decide_on(Attempt& attempt);
  Task<result<bool, Error>> replica_is_newest(SteadyTime until);
  Task<result<RedisReply, Error>> run(Attempt& attempt);
  Task<void> put_off(Attempt& attempt, RedisReply reply);
  Task<result<bool, Error>> is_certain(std::shared_ptr<RedisConnection> connection, std::string where,
                                       SteadyTime until);
  void remember(Attempt& attempt, const Verdict& verdict);
  Task<std::optional<std::uint64_t>> find_missing(std::shared_ptr<RedisConnection> connection, AnsweredList& changes);
  Task<void> make_missing(std::shared_ptr<RedisConnection> connection, AnsweredList& changes);
  Task<bool> make_one_again(std::shared_ptr<RedisConnection> connection, AnsweredChange& change, std::uint64_t before);
  void name_lost(AnsweredList& changes);
  Task<result<void, Error>> look_again(Attempt& attempt, Verdict verdict);
  Error outcome_without_connection(const Attempt& attempt, Error why) const;
  Task<result<void, Error>> shown(std::uint64_t revision, SteadyTime until);
  Error unavailable() const;
  Error broken(const RedisReply& reply) const;
  Duration left(SteadyTime until) const;

  Shard& shard_;
  RedisFollower& follower_;
  const RedisReplica& replica_;
  RevisionWait& shown_;
  RedisMaster& master_;
  AnsweredChanges answered_;
  const ConfigLimits limits_;
  const std::string min_replicas_;  // "0": do not wait for replicas
  const Duration timeout_;
  WriteCounters counters_;
};

}  // namespace sluice
