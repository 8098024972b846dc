#pragma once

#include <memory>
#include <optional>
#include <string>

#include "logplex/base/backoff.hpp"
#include "logplex/store/redis/redis_link.hpp"
#include "logplex/store/redis/redis_reader.hpp"
#include "logplex/store/redis/redis_recent.hpp"
#include "logplex/store/redis/redis_replica.hpp"

namespace sluice {

/// Whether the node acts on the configuration that Redis holds.
enum class RedisState : std::uint8_t {
  kStarting,  // the first attempt is under way
  kAway,      // no connection
  kRefused,   // the node does not accept what Redis holds: see trouble()
  kUpToDate,  // the node follows
};

struct FollowSettings {
  Duration reconnect_max{};
  Duration verify_interval{};
  Duration patience{};              // timeout for a connection, and for a reply
  std::uint32_t most_deleted = 50;  // percentage of the entries that a snapshot may delete
};

struct FollowCounters {
  std::uint64_t connects = 0;
  std::uint64_t failed_connects = 0;
  std::uint64_t snapshots = 0;          // times that all rows were read
  std::uint64_t refused_snapshots = 0;  // snapshots not accepted
  std::uint64_t events = 0;             // changes applied from the stream
  std::uint64_t gaps = 0;               // reasons to read all rows again while following
};

/// Keeps a replica equal to the data set in Redis: connects, reads all rows when it must, then follows the stream.
///
///     link -> meta -> [all rows by HSCAN, then the events since] -> meta + XREAD, again and again
///              ^------------- gap, trimmed stream, lower revision, other data set, other sum, other run id
///
/// It recognizes another server by the data as well, not by address or run id alone.
///
/// Lives on the store's shard in the store's gate. It changes the replica within one turn and calls the observer in the
/// same turn. Without a connection the replica stays as it is; it retries for ever, with back-off and jitter.
class RedisFollower {
 public:
  class Observer {
   public:
    /// The replica has changed. `written`: the effects that a copy of it has to write.
    virtual void on_replica(ChangedKeys changed, std::vector<Effect> written) = 0;
    /// state() or trouble() may have changed.
    virtual void on_state() = 0;
    /// Called before all rows are read. The server may lack changes that this node has seen. This is also true of the
    /// same server: a master that became a replica and was promoted again has other data.
    virtual Task<void> on_whole_read(std::shared_ptr<RedisConnection>) { co_return; }

   protected:
    ~Observer() = default;
  };

  /// The arguments passed by reference outlive it.
  RedisFollower(Gate& gate, Dialer& dialer, RedisTarget target, const FollowSettings& settings, RedisReplica& replica,
                Observer& observer);

  /// Runs until cancelled.
  Task<void> run();

  RedisState state() const { return state_; }
  /// The connection was lost and no attempt to reconnect has failed yet: it may help to wait a moment.
  bool just_lost() const { return just_lost_; }
  /// Why the state is not kUpToDate; names the server, no secret.
  const std::string& trouble() const { return trouble_; }
  /// The connection for commands other than following; null without a connection.
  const std::shared_ptr<RedisConnection>& commands() const { return commands_.connection; }
  /// The server, "host:port".
  const std::string& where() const { return commands_.where; }
  /// The newest revision that this node has seen in Redis.
  std::uint64_t known_revision() const { return known_revision_; }
  /// The current server, or its run, is not the one whose rows were read last.
  bool is_other_server() const { return !run_id_.empty() && stream_.run_id != run_id_; }
  /// When this node last followed successfully.
  SteadyTime followed_at() const { return followed_at_; }
  const FollowCounters& counters() const { return counters_; }
  /// What an operator should know about the server; empty when there is nothing.
  const std::string& warning() const { return warning_; }
  /// Schema from the last read of `meta`; id of the replica's data set; run id of the server whose rows were read last.
  std::uint64_t schema() const { return schema_; }
  std::uint64_t history() const { return replica_.history(); }
  const std::string& run_id() const { return run_id_; }
  /// Closes the connections; the follower then makes new ones.
  void reconnect();

 private:
  Task<Error> session();
  Task<Error> serve();
  Task<result<bool, Error>> step();
  Task<result<void, Error>> look(const RedisMeta& meta);
  Task<result<RedisRows, Error>> read_rows();
  Task<result<RedisRows, Error>> scan_once();
  Task<result<void, Error>> look_at_server();
  Task<result<bool, Error>> catch_up(RedisRows& rows);
  Task<result<RedisMeta, Error>> read_meta();
  Task<result<std::pair<RedisMeta, RedisReply>, Error>> poll();

  bool must_read_all(const RedisMeta& meta) const;
  bool went_back(const RedisMeta& meta) const;
  bool is_whole(const RedisRows& rows);
  bool deletes_little(const RedisRows& rows);
  bool refuse_rows(std::string why);
  void take(const RedisRows& rows);
  void note_followed();
  Task<result<bool, Error>> follow(RedisReply stream, RedisMeta meta);
  Task<result<void, Error>> complete(std::vector<RedisEvent>& events);
  bool apply(const std::vector<RedisEvent>& events);
  void read_less();
  void set_state(RedisState state, std::string trouble);

  Gate& gate_;
  Dialer& dialer_;
  const RedisTarget target_;
  const FollowSettings settings_;
  RedisReplica& replica_;
  Observer& observer_;
  Backoff backoff_;
  RedisLink commands_;
  RedisLink stream_;
  RedisReader reader_;
  RecentRevisions recent_;
  std::string events_at_once_;
  std::string warning_;
  std::uint64_t schema_ = 1;
  std::string run_id_;  // of the server whose rows were read last
  bool read_all_ = true;
  SteadyTime next_verification_{};
  std::optional<RedisMeta> refused_;  // `meta` of rows that were not accepted, so that they are not read again
  RedisState state_ = RedisState::kStarting;
  std::string trouble_;
  bool just_lost_ = false;
  std::uint64_t known_revision_ = 0;
  SteadyTime followed_at_{};
  FollowCounters counters_;
};

}  // namespace sluice
