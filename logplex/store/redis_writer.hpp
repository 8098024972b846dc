#pragma once

#include <string>

#include "logplex/store/redis_change.hpp"
#include "logplex/store/redis_follower.hpp"
#include "logplex/store/redis_scripts.hpp"
#include "logplex/store/revision_wait.hpp"

namespace sluice {

struct WriteCounters {
  std::uint64_t changes = 0;
  std::uint64_t refused = 0;
  std::uint64_t retried = 0;   // decided again, because another node was quicker
  std::uint64_t repeated = 0;  // sent again, because the connection broke or the server said "not now"
  double seconds = 0;          // from the first decision until every shard acts on it
};

/// Makes changes in Redis: decides by the image, lets one script check and write, and waits until the change has come
/// back by the stream and is shown to all shards.
///
/// Lives on the store's shard. Many changes are under way at once. One that was decided on something that is no longer
/// so is decided again as soon as the image has moved on; a refusal stands only when the image was as new as Redis.
///
/// When the connection breaks after a script was sent, the same change is sent again as soon as there is a connection:
/// the script finds in the stream whether it was made. Without a connection, or when the time has passed, the answer is
/// kUnavailable; if a change that was sent was not answered until then, it may have been made, and the sentence says
/// so.
class RedisWriter {
 public:
  /// What is given outlives it. `shown` tells which revisions all shards act on.
  RedisWriter(Shard& shard, RedisFollower& follower, const RedisImage& image, RevisionWait& shown,
              const ConfigLimits& limits, Duration timeout);

  Task<result<Applied, Error>> apply(Change change);
  const WriteCounters& counters() const { return counters_; }

 private:
  struct Verdict;
  struct Attempt;

  Task<result<Applied, Error>> attempts(Attempt attempt);
  Task<result<void, Error>> ready(SteadyTime until, bool patient);
  Task<result<bool, Error>> decide_on(Attempt& attempt);
  Task<result<bool, Error>> image_is_newest(SteadyTime until);
  Task<result<RedisReply, Error>> run(Attempt& attempt);
  Task<void> put_off(Attempt& attempt, RedisReply reply);
  Task<result<void, Error>> look_again(Attempt& attempt, Verdict verdict);
  Error outcome_without_connection(const Attempt& attempt, Error why) const;
  Task<result<void, Error>> shown(std::uint64_t revision, SteadyTime until);
  Error unavailable() const;
  Error broken(const RedisReply& reply) const;
  Duration left(SteadyTime until) const;

  Shard& shard_;
  RedisFollower& follower_;
  const RedisImage& image_;
  RevisionWait& shown_;
  const ConfigLimits limits_;
  const Duration timeout_;
  WriteCounters counters_;
};

}  // namespace sluice
