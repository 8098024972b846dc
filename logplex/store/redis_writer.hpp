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
  std::uint64_t retried = 0;  // decided again, because another node was quicker
  double seconds = 0;         // from the first decision until every shard acts on it
};

/// Makes changes in Redis: decides by the image, lets one script check and write, and waits until the change has come
/// back by the stream and is shown to all shards.
///
/// Lives on the store's shard. Many changes are under way at once. One that was decided on something that is no longer
/// so is decided again as soon as the image has moved on; a refusal stands only when the image was as new as Redis.
/// Without a connection, or when the time has passed, the answer is kUnavailable. When the connection went after the
/// script had been sent, the change may have been made: the sentence of that answer says so.
class RedisWriter {
 public:
  /// What is given outlives it. `shown` tells which revisions all shards act on.
  RedisWriter(Shard& shard, RedisFollower& follower, const RedisImage& image, RevisionWait& shown,
              const ConfigLimits& limits, Duration timeout);

  Task<result<Applied, Error>> apply(Change change);
  const WriteCounters& counters() const { return counters_; }

 private:
  struct Verdict;

  Task<result<Applied, Error>> attempts(const Change& change, SteadyTime until);
  Task<result<void, Error>> ready(SteadyTime until);
  Task<result<bool, Error>> image_is_newest(SteadyTime until);
  Task<result<RedisReply, Error>> run(ScriptCall call, SteadyTime until);
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
