#include "logplex/store/redis_writer.hpp"

#include <algorithm>
#include <optional>

#include <boost/json/serialize.hpp>

#include "logplex/base/uuid.hpp"
#include "logplex/model/config_error.hpp"

namespace sluice {

namespace json = boost::json;

namespace {

/// How many changes the stream keeps for nodes that were away for a moment; beyond that they read everything.
constexpr std::string_view kStreamLength = "20000";
/// A refusal by the script that the image cannot explain stands after this many decisions on the newest image.
constexpr int kUnexplained = 2;
/// The name of a data set stays exact in a double.
constexpr std::uint64_t kHistories = std::uint64_t{1} << 53;

constexpr Duration kGlance = std::chrono::milliseconds(20);

Error away(std::string why) { return {ConfigError::kUnavailable, std::move(why)}; }

ConfigError code_of(std::string_view refusal) {
  if (refusal == "limit") return ConfigError::kLimit;
  if (refusal == "not_found") return ConfigError::kNotFound;
  return refusal == "history" || refusal == "newer" ? ConfigError::kUnavailable : ConfigError::kConflict;
}

}  // namespace

/// What a script said.
struct RedisWriter::Verdict {
  explicit Verdict(const RedisReply& reply)
      : done(reply.text_at(0) == "ok"),
        revision(reply.number_at(done ? 1 : 3)),
        code(done ? std::string() : reply.text_at(1)),
        text(reply.text_at(2)) {}

  bool done;
  std::uint64_t revision;
  std::string code;
  std::string text;  // done: the id that was given
};

RedisWriter::RedisWriter(Shard& shard, RedisFollower& follower, const RedisImage& image, RevisionWait& shown,
                         const ConfigLimits& limits, Duration timeout)
    : shard_(shard), follower_(follower), image_(image), shown_(shown), limits_(limits), timeout_(timeout) {}

Duration RedisWriter::left(SteadyTime until) const { return until - shard_.clock().steady(); }

Error RedisWriter::unavailable() const {
  return away("the configuration cannot be changed now: " +
              (follower_.trouble().empty() ? std::string("Redis does not answer in time") : follower_.trouble()));
}

Error RedisWriter::broken(const RedisReply& reply) const {
  const auto code = reply.error_code();
  if (code == "OOM") return away("Redis is full: " + reply.text);
  return away("Redis refuses to write: " + reply.text);
}

Task<result<Applied, Error>> RedisWriter::apply(Change change) {
  const SteadyTime began = shard_.clock().steady();
  ++counters_.changes;
  auto outcome = co_await attempts(change, began + timeout_);
  counters_.seconds += std::chrono::duration<double>(shard_.clock().steady() - began).count();
  counters_.refused += outcome.has_error() ? 1 : 0;
  co_return outcome;
}

Task<result<Applied, Error>> RedisWriter::attempts(const Change& change, SteadyTime until) {
  for (int unexplained = 0;;) {
    const auto connected = co_await ready(until);
    if (connected.has_error()) co_return connected.error();
    const auto seen = image_.revision();
    auto decided = decide(image_.config(), change, limits_);
    if (decided.has_error()) {
      if (decided.error().code == ConfigError::kInvalid) co_return std::move(decided).error();
      const auto newest = co_await image_is_newest(until);
      if (newest.has_error()) co_return newest.error();
      if (*newest && image_.revision() == seen) co_return std::move(decided).error();
      continue;
    }
    if (decided->list.empty()) {
      decided->applied.revision = seen;
      co_return std::move(decided->applied);
    }
    auto reply = co_await run(script_call(change, *decided, image_, limits_), until);
    if (reply.has_error()) co_return std::move(reply).error();
    const Verdict verdict(*reply);
    if (verdict.done) {
      auto applied = std::move(decided->applied);
      applied.revision = verdict.revision;
      if (applied.drain_id != 0 && !verdict.text.empty()) applied.drain_id = parse_decimal(verdict.text).value_or(0);
      if (!applied.channel_id.empty()) applied.channel_id = verdict.text;
      const auto in_force = co_await shown(verdict.revision, until);
      if (in_force.has_error()) co_return in_force.error();
      co_return applied;
    }
    ++counters_.retried;
    if (verdict.code == "newer") co_return away(verdict.text);
    if (verdict.code == "history") {
      // The follower is about to see that too.
      const auto pause = std::min(left(until), kGlance);
      co_await shown_.wait(~std::uint64_t{0}, pause);
      continue;
    }
    unexplained += verdict.revision <= seen ? 1 : 0;
    if (unexplained >= kUnexplained)
      co_return Error{code_of(verdict.code), verdict.text + ", by an entry that this node cannot read"};
    if (verdict.revision > image_.revision()) {
      const auto caught_up = co_await shown(verdict.revision, until);
      if (caught_up.has_error()) co_return unavailable();
    }
  }
}

/// A moment without connection is waited for; when Redis is known to be away, that is said at once.
Task<result<void, Error>> RedisWriter::ready(SteadyTime until) {
  while (follower_.state() != RedisState::kUpToDate || !follower_.commands()) {
    const bool known = follower_.state() == RedisState::kAway || follower_.state() == RedisState::kRefused;
    if (known || left(until) <= Duration::zero()) co_return unavailable();
    co_await shown_.wait(~std::uint64_t{0}, left(until));
  }
  if (left(until) <= Duration::zero()) co_return unavailable();
  co_return result<void, Error>();
}

/// Asks Redis for its revision and waits until the image has it. False when the image moved meanwhile.
Task<result<bool, Error>> RedisWriter::image_is_newest(SteadyTime until) {
  const auto connection = follower_.commands();
  const auto before = image_.revision();
  const std::vector<std::string_view> question{"HGET", redis_keys()[kMetaKey], "revision"};
  auto reply = co_await connection->call(question, left(until));
  if (reply.has_error()) co_return away("the configuration cannot be changed now: " + reply.error().text());
  if (reply->is_error()) co_return broken(*reply);
  const auto newest = parse_decimal(reply->text).value_or(0);
  if (newest > image_.revision()) {
    const auto caught_up = co_await shown(newest, until);
    if (caught_up.has_error()) co_return unavailable();
  }
  co_return image_.revision() == before;
}

Task<result<RedisReply, Error>> RedisWriter::run(ScriptCall call, SteadyTime until) {
  const auto connection = follower_.commands();
  const auto& script = redis_script(call.script);
  call.argument["history"] = image_.history() == 0 ? std::string() : std::to_string(image_.history());
  call.argument["new_history"] = std::to_string(1 + shard_.rng().below(kHistories - 1));
  call.argument["by"] = digest_text(shard_.rng().next());
  call.argument["keep"] = kStreamLength;
  const std::string argument = json::serialize(call.argument);
  const std::string count = std::to_string(redis_keys().size());
  std::vector<std::string_view> command{"EVALSHA", script.digest, count};
  for (const auto& key : redis_keys()) command.push_back(key);
  command.push_back(argument);
  auto reply = co_await connection->call(command, left(until));
  if (reply.has_value() && reply->error_code() == "NOSCRIPT") {
    command[0] = "EVAL";
    command[1] = script.text;
    reply = co_await connection->call(command, left(until));
  }
  if (reply.has_error())
    co_return away("Redis did not say whether the change was made: look before you repeat it (" + reply.error().text() +
                   ")");
  // A master that became a replica: somebody else is the master now.
  if (reply->error_code() == "READONLY") follower_.reconnect();
  if (reply->is_error()) co_return broken(*reply);
  co_return std::move(*reply);
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
