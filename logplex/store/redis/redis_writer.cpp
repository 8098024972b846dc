#include "logplex/store/redis/redis_writer.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "logplex/base/log.hpp"
#include "logplex/base/uuid.hpp"
#include "logplex/model/config_error.hpp"

namespace sluice {

namespace json = boost::json;

namespace {

/// How many changes the stream keeps for nodes that lost their connection. A node that missed more reads all rows.
constexpr std::string_view kStreamLength = "20000";
/// A refusal by the script that the replica does not explain is final after this many decisions on the newest replica.
constexpr int kUnexplained = 2;
/// The id of a data set must be exact as a double.
constexpr std::uint64_t kHistories = std::uint64_t{1} << 53;

constexpr Duration kGlance = std::chrono::milliseconds(20);
/// Pause before asking a server again that replied "not now".
constexpr Duration kNotNowPause = std::chrono::milliseconds(50);
constexpr int kRoundsOfMaking = 3;
/// How many changes one call of find_changes looks up.
constexpr std::size_t kAskedAtOnce = 500;
constexpr Duration kPauseOfMaking = std::chrono::milliseconds(200);

Error away(std::string why) { return {ConfigError::kUnavailable, std::move(why)}; }

ConfigError code_of(std::string_view refusal) {
  if (refusal == "limit") return ConfigError::kLimit;
  if (refusal == "not_found") return ConfigError::kNotFound;
  return refusal == "history" || refusal == "newer" || refusal == "damaged" ? ConfigError::kUnavailable
                                                                            : ConfigError::kConflict;
}

/// The server is not, or no longer, the master for these keys: the follower has to find the right one.
bool is_elsewhere(const RedisReply& reply) {
  const auto code = reply.error_code();
  return reply.is_not_now() && code != "LOADING" && code != "TRYAGAIN" && code != "BUSY";
}

}  // namespace

/// The reply of a script.
struct RedisWriter::Verdict {
  explicit Verdict(const RedisReply& reply)
      : done(reply.text_at(0) == "ok"),
        revision(reply.number_at(done ? 1 : 3)),
        code(done ? std::string() : reply.text_at(1)),
        text(reply.text_at(2)) {}

  bool done;
  std::uint64_t revision;
  std::string code;
  std::string text;  // done: the assigned id; else the reason
};

/// A change under way.
struct RedisWriter::Attempt {
  const Change& change;
  const SteadyTime until;
  const std::string by;              // identifies it in the stream
  std::optional<ScriptCall> call{};  // as last sent; none: there is nothing to do
  Applied applied{};                 // the result if it is made
  std::string what{};                // describes it for people
  std::string next_id{};             // the next id, as named by a script
  std::string where{};               // the server that it was last sent to
  std::uint64_t seen = 0;            // the revision that the decision is based on
  std::string unanswered{};          // not empty: sent, outcome unknown, for this reason
  std::string put_off{};             // the server's "not now" reply
  int unexplained = 0;

  bool sent() const { return !unanswered.empty() || !put_off.empty(); }
};

RedisWriter::RedisWriter(Shard& shard, RedisFollower& follower, const RedisReplica& replica, RevisionWait& shown,
                         RedisMaster& master, const ConfigLimits& limits, std::uint64_t min_replicas, Duration timeout)
    : shard_(shard),
      follower_(follower),
      replica_(replica),
      shown_(shown),
      master_(master),
      limits_(limits),
      min_replicas_(std::to_string(min_replicas)),
      timeout_(timeout) {}

Duration RedisWriter::left(SteadyTime until) const { return until - shard_.clock().steady(); }

Error RedisWriter::unavailable() const {
  return away("the configuration cannot be changed now: " +
              (follower_.trouble().empty() ? std::string("Redis does not answer in time") : follower_.trouble()));
}

Error RedisWriter::broken(const RedisReply& reply) const {
  if (reply.error_code() == "OOM") return away("Redis is full: " + reply.text);
  return away("Redis refuses to write: " + reply.text);
}

Error RedisWriter::outcome_without_connection(const Attempt& attempt, Error why) const {
  if (!attempt.unanswered.empty())
    return away("Redis did not say whether the change was made: check the result before you repeat it (" +
                attempt.unanswered + ")");
  return attempt.put_off.empty() ? std::move(why) : away("Redis refuses to write: " + attempt.put_off);
}

Task<result<Applied, Error>> RedisWriter::apply(Change change) {
  const SteadyTime began = shard_.clock().steady();
  ++counters_.changes;
  Attempt attempt{change, began + timeout_, digest_text(shard_.rng().next())};
  auto outcome = co_await attempts(std::move(attempt));
  counters_.seconds += std::chrono::duration<double>(shard_.clock().steady() - began).count();
  counters_.refused += outcome.has_error() ? 1U : 0U;
  co_return outcome;
}

Task<result<Applied, Error>> RedisWriter::attempts(Attempt attempt) {
  for (;;) {
    const auto connected = co_await ready(attempt.until, attempt.sent());
    if (connected.has_error()) co_return outcome_without_connection(attempt, connected.error());
    if (attempt.unanswered.empty()) {
      const auto decided = co_await decide_on(attempt);
      if (decided.has_error()) co_return decided.error();
      if (!*decided) continue;
      if (!attempt.call) co_return std::move(attempt.applied);
    }
    const auto connection = follower_.commands();
    attempt.where = follower_.where();
    auto reply = co_await run(attempt);
    if (reply.has_error()) {
      attempt.unanswered = reply.error().text();
      ++counters_.repeated;
      continue;
    }
    if (reply->is_not_now()) {
      co_await put_off(attempt, std::move(*reply));
      continue;
    }
    if (reply->is_error()) co_return broken(*reply);
    Verdict verdict(*reply);
    if (verdict.done) {
      const auto certain = co_await is_certain(connection, attempt.where, attempt.until);
      if (certain.has_error()) co_return certain.error();
      if (!*certain) {
        attempt.unanswered = "another server became the master";
        ++counters_.repeated;
        continue;
      }
      remember(attempt, verdict);
      attempt.applied.revision = verdict.revision;
      if (attempt.applied.drain_id != 0 && !verdict.text.empty())
        attempt.applied.drain_id = parse_decimal(verdict.text).value_or(0);
      if (!attempt.applied.channel_id.empty()) attempt.applied.channel_id = verdict.text;
      const auto in_force = co_await shown(verdict.revision, attempt.until);
      if (in_force.has_error()) co_return in_force.error();
      co_return std::move(attempt.applied);
    }
    const auto looked = co_await look_again(attempt, std::move(verdict));
    if (looked.has_error()) co_return looked.error();
  }
}

/// Waits for a connection that was just lost. Fails at once when Redis is known to be unreachable, unless `patient`:
/// then a change was already sent and its outcome is wanted.
Task<result<void, Error>> RedisWriter::ready(SteadyTime until, bool patient) {
  while (follower_.state() != RedisState::kUpToDate || !follower_.commands() || !follower_.commands()->is_open()) {
    const bool away = follower_.state() == RedisState::kAway && !patient && !follower_.just_lost();
    if (away || follower_.state() == RedisState::kRefused || left(until) <= Duration::zero()) co_return unavailable();
    co_await shown_.wait(~std::uint64_t{0}, left(until));
  }
  if (left(until) <= Duration::zero()) co_return unavailable();
  co_return result<void, Error>();
}

/// False when the replica may not have been the newest: decide again.
Task<result<bool, Error>> RedisWriter::decide_on(Attempt& attempt) {
  attempt.seen = replica_.revision();
  auto decided = decide(replica_.config(), attempt.change, limits_);
  if (decided.has_error()) {
    if (decided.error().code == ConfigError::kInvalid) co_return std::move(decided).error();
    const auto newest = co_await replica_is_newest(attempt.until);
    if (newest.has_error()) co_return newest.error();
    if (*newest && replica_.revision() == attempt.seen) co_return std::move(decided).error();
    co_return false;
  }
  attempt.call.reset();
  if (!decided->list.empty()) attempt.call = script_call(attempt.change, *decided, replica_, limits_, attempt.next_id);
  attempt.what = what_it_is(decided->list, {});
  attempt.applied = std::move(decided->applied);
  attempt.applied.revision = attempt.seen;
  co_return true;
}

/// Handles a refusal by a script. When it returns without error, decide again.
Task<result<void, Error>> RedisWriter::look_again(Attempt& attempt, Verdict verdict) {
  ++counters_.retried;
  if (verdict.code == "newer") co_return away(verdict.text);
  if (verdict.code == "damaged")
    co_return away("the configuration cannot be changed now: " + verdict.text + ": correct it with HSET");
  if (verdict.code == "id") {
    attempt.unanswered.clear();
    attempt.put_off.clear();
    attempt.next_id = verdict.text;
    co_return result<void, Error>();
  }
  if (verdict.code == "history") {
    // The follower will see the other data set shortly. Whether the change was made before is still unknown.
    const auto pause = std::min(left(attempt.until), kGlance);
    co_await shown_.wait(~std::uint64_t{0}, pause);
    co_return result<void, Error>();
  }
  attempt.unanswered.clear();
  attempt.put_off.clear();
  attempt.unexplained += verdict.revision <= attempt.seen ? 1 : 0;
  if (attempt.unexplained >= kUnexplained)
    co_return Error{code_of(verdict.code),
                    verdict.text + "; the cause is an entry in Redis that this node cannot read"};
  if (verdict.revision > replica_.revision()) {
    const auto caught_up = co_await shown(verdict.revision, attempt.until);
    if (caught_up.has_error()) co_return unavailable();
  }
  co_return result<void, Error>();
}

/// Asks Redis for its revision and waits until the replica has it. False when the replica changed meanwhile, or Redis
/// did not reply: try again.
Task<result<bool, Error>> RedisWriter::replica_is_newest(SteadyTime until) {
  const auto connection = follower_.commands();
  const auto before = replica_.revision();
  const std::vector<std::string_view> question{"HGET", redis_keys()[kMetaKey], "revision"};
  auto reply = co_await connection->call(question, left(until));
  const bool lost = reply.has_error() || is_elsewhere(*reply);
  if (lost && follower_.commands() == connection) follower_.reconnect();
  if (lost || reply->is_not_now()) {
    const auto pause = std::min(left(until), kNotNowPause);
    co_await shown_.wait(~std::uint64_t{0}, pause);
    co_return false;
  }
  if (reply->is_error()) co_return broken(*reply);
  const auto newest = parse_decimal(reply->text).value_or(0);
  if (newest > replica_.revision()) {
    const auto caught_up = co_await shown(newest, until);
    if (caught_up.has_error()) co_return unavailable();
  }
  co_return replica_.revision() == before;
}

Task<result<RedisReply, Error>> RedisWriter::run(Attempt& attempt) {
  const auto connection = follower_.commands();
  auto& members = attempt.call->argument;
  members["history"] = replica_.history() == 0 ? std::string() : std::to_string(replica_.history());
  members["new_history"] = std::to_string(1 + shard_.rng().below(kHistories - 1));
  members["by"] = attempt.by;
  members["keep"] = kStreamLength;
  std::string argument = json::serialize(members);
  auto reply = co_await run_script(connection, attempt.call->script, std::move(argument), left(attempt.until));
  // The follower waits on its other connection, which may not have failed yet: tell it to reconnect.
  const bool lost = reply.has_error() || is_elsewhere(*reply);
  if (lost && follower_.commands() == connection) follower_.reconnect();
  co_return reply;
}

/// Whether the server that made a change is still the master, and enough replicas have the change. False: send the
/// change again, after reconnecting.
Task<result<bool, Error>> RedisWriter::is_certain(std::shared_ptr<RedisConnection> connection, std::string where,
                                                  SteadyTime until) {
  if (min_replicas_ != "0") {
    // Redis checks timeouts only ten times a second, and its reply must arrive before the change's deadline.
    const auto patience = std::max<std::int64_t>(left(until) * 3 / 4 / std::chrono::milliseconds(1), 1);
    const std::string milliseconds = std::to_string(patience);
    const std::vector<std::string_view> wait{"WAIT", min_replicas_, milliseconds};
    const auto reply = co_await connection->call(wait, left(until) + kGlance);
    const bool answered = reply.has_value() && reply->kind == RedisReply::Kind::kNumber;
    if (answered && static_cast<std::uint64_t>(reply->number) < parse_decimal(min_replicas_).value_or(0))
      co_return away(
          "the change was made, but too few replicas of Redis have it (store.min_replicas): check the result"
          " before you repeat it");
    if (!answered) co_return false;
  }
  const bool master = co_await master_.is_master(where, left(until));
  if (!master) follower_.reconnect();
  co_return master;
}

/// Keeps the change in the form in which it has to be sent again if a new master lacks it.
void RedisWriter::remember(Attempt& attempt, const Verdict& verdict) {
  auto& members = attempt.call->argument;
  const bool new_id = attempt.call->script.starts_with("create_") && !verdict.text.empty();
  if (new_id) members["id"] = verdict.text;
  const bool began_it = members.at("history").as_string().empty();
  const auto& history = members.at(began_it ? "new_history" : "history").as_string();
  AnsweredChange change{attempt.by, attempt.call->script, json::serialize(members), attempt.what, verdict.revision};
  if (new_id) change.what = attempt.what.substr(0, attempt.what.find(' ') + 1) + verdict.text;
  change.history = parse_decimal({history.data(), history.size()}).value_or(0);
  change.began_it = began_it;
  change.at = shard_.clock().steady();
  answered_.note(std::move(change));
}

/// Marks the changes that are not in this server's stream. Returns the server's revision; none when the server did not
/// say, or holds another data set, so that nothing is missing.
Task<std::optional<std::uint64_t>> RedisWriter::find_missing(std::shared_ptr<RedisConnection> connection,
                                                             AnsweredList& changes) {
  std::optional<std::uint64_t> revision;
  for (std::size_t from = 0; from < changes.size(); from += kAskedAtOnce) {
    const auto to = std::min(changes.size(), from + kAskedAtOnce);
    json::array asked;
    for (auto i = from; i < to; ++i) {
      asked.emplace_back(std::to_string(changes[i].revision));
      asked.emplace_back(changes[i].by);
    }
    std::string argument = json::serialize(json::object{{"changes", std::move(asked)}});
    const auto reply = co_await run_script(connection, "find_changes", std::move(argument), timeout_);
    if (reply.has_error() || reply->is_error())
      log_warning("this node could not check whether Redis still has its latest changes",
                  {{"reason", reply.has_error() ? reply.error().text() : reply->text}});
    if (reply.has_error() || reply->is_error()) co_return std::nullopt;
    // If a replica was promoted before it had received anything, make a young data set there from its first change on.
    // If the same server has no data set any more, somebody emptied it, perhaps on purpose: an operator has to decide.
    const bool empty = reply->text_at(0).empty() && follower_.is_other_server() && changes.front().began_it;
    if (reply->number_at(0) != replica_.history() && !empty) co_return std::nullopt;
    revision = revision.value_or(reply->number_at(1));
    for (std::size_t i = 2; i < reply->list.size(); ++i) {
      const auto place = from + reply->number_at(i) - 1;
      if (place < to) changes[place].missing = true;
    }
  }
  co_return revision;
}

/// True when the server has the change, now or already before. Otherwise sets `trouble` to the reason. Also true when
/// the server holds another data set by now.
Task<bool> RedisWriter::make_one_again(std::shared_ptr<RedisConnection> connection, AnsweredChange& change,
                                       std::uint64_t before) {
  const auto reply = co_await run_script(connection, change.script, change.argument, timeout_);
  if (reply.has_error() || reply->is_error()) {
    change.trouble = reply.has_error() ? reply.error().text() : reply->text;
    co_return false;
  }
  const Verdict verdict(*reply);
  change.trouble = verdict.code == "id" ? "another entry has taken its id" : verdict.text;
  if (!verdict.done) co_return verdict.code == "history";
  const auto was = std::exchange(change.revision, verdict.revision);
  if (verdict.revision <= before) co_return true;
  ++counters_.made_again;
  log_warning("the new Redis master lacked a confirmed change: this node made it again",
              {{"what", change.what}, {"change", change.by}, {"was_revision", was}});
  co_return true;
}

void RedisWriter::name_lost(AnsweredList& changes) {
  for (const auto& change : changes) {
    if (!change.missing) continue;
    ++counters_.lost;
    log_error(
        "a confirmed change is lost: the new Redis master does not have it",
        {{"what", change.what}, {"change", change.by}, {"was_revision", change.revision}, {"reason", change.trouble}});
  }
  std::erase_if(changes, [](const AnsweredChange& change) { return change.missing; });
}

Task<void> RedisWriter::make_missing(std::shared_ptr<RedisConnection> connection, AnsweredList& changes) {
  const auto before = co_await find_missing(connection, changes);
  if (!before) co_return;
  bool all_there = false;
  // Our change may depend on a change that another node is making again.
  for (int round = 0; round < kRoundsOfMaking && !all_there; ++round) {
    if (round > 0) co_await sleep_for(kPauseOfMaking);
    all_there = true;
    for (auto& change : changes) {
      if (!change.missing) continue;
      const bool there = co_await make_one_again(connection, change, *before);
      change.missing = !there;
      all_there = all_there && there;
    }
  }
  if (connection->is_open()) name_lost(changes);
}

Task<void> RedisWriter::make_again(std::shared_ptr<RedisConnection> connection) {
  auto changes = answered_.take(follower_.followed_at());
  // Changes of a data set that is no longer followed do not count as missing.
  std::erase_if(changes, [this](const AnsweredChange& change) { return change.history != replica_.history(); });
  for (auto& change : changes) change.missing = false;
  co_await make_missing(std::move(connection), changes);
  answered_.give_back(std::move(changes));
}

/// Waits a moment, for the server to become ready or for the follower to find another one.
Task<void> RedisWriter::put_off(Attempt& attempt, RedisReply reply) {
  attempt.put_off = reply.text;
  ++counters_.repeated;
  const auto pause = std::min(left(attempt.until), kNotNowPause);
  co_await shown_.wait(~std::uint64_t{0}, pause);
}

Task<result<void, Error>> RedisWriter::shown(std::uint64_t revision, SteadyTime until) {
  while (left(until) > Duration::zero()) {
    if (shown_.is_shown(revision)) co_return result<void, Error>();
    const bool reached = co_await shown_.wait(revision, left(until));
    if (reached) co_return result<void, Error>();
  }
  co_return away("the change was made, but is not yet in force on this node");
}

}  // namespace sluice
