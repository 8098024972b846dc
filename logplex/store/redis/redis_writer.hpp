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
  std::uint64_t retried = 0;     // decided again, because another node was quicker
  std::uint64_t repeated = 0;    // sent again, because the connection broke or the server said "not now"
  std::uint64_t made_again = 0;  // answered, missing at a new master, and made there
  std::uint64_t lost = 0;        // answered, missing at a new master, and not to be made there
  double seconds = 0;            // from the first decision until every shard acts on it
};

/// Makes changes in Redis: decides by the replica, lets one script check and write, and waits until the change has come
/// back by the stream and is shown to all shards.
///
/// Lives on the store's shard. Many changes are under way at once. One that was decided on something that is no longer
/// so is decided again as soon as the replica has moved on; a refusal stands only when the replica was as new as Redis.
///
/// When the connection breaks after a script was sent, the same change is sent again as soon as there is a connection:
/// the script finds in the stream whether it was made. Without a connection, or when the time has passed, the answer is
/// kUnavailable; if a change that was sent was not answered until then, it may have been made, and the sentence says
/// so.
///
/// A change is answered when the server that took it is still the master, as far as the sentinels know, and as many
/// replicas as `store.min_replicas` have it. A replica that becomes the master may lack what was answered all the same:
/// make_again() then makes it there, or names it in the log. Whether a server lacks a change, its change stream says.
class RedisWriter {
 public:
  /// What is given outlives it. `shown` tells which revisions all shards act on.
  RedisWriter(Shard& shard, RedisFollower& follower, const RedisReplica& replica, RevisionWait& shown,
              RedisMaster& master, const ConfigLimits& limits, std::uint64_t min_replicas, Duration timeout);

  Task<result<Applied, Error>> apply(Change change);
  /// All rows are about to be read: what this node answered lately, and this server does not have, is made there.
  Task<void> make_again(std::shared_ptr<RedisConnection> connection);
  const WriteCounters& counters() const { return counters_; }

 private:
  struct Verdict;
  struct Attempt;
  using AnsweredList = std::deque<AnsweredChange>;

  Task<result<Applied, Error>> attempts(Attempt attempt);
  Task<result<void, Error>> ready(SteadyTime until, bool patient);
  Task<result<bool, Error>> decide_on(Attempt& attempt);
  Task<result<bool, Error>> image_is_newest(SteadyTime until);
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
  const std::string min_replicas_;  // "0": none
  const Duration timeout_;
  WriteCounters counters_;
};

}  // namespace sluice
