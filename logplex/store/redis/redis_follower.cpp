#include "logplex/store/redis/redis_follower.hpp"

#include "logplex/base/log.hpp"
#include "logplex/net/net_error.hpp"
#include "logplex/store/redis/redis_scripts.hpp"

namespace sluice {
namespace {

constexpr std::chrono::milliseconds kShortestPause{100};
constexpr std::string_view kBlockMs = "500";
constexpr Duration kBlock = std::chrono::milliseconds(500);
constexpr std::uint64_t kEventsAtOnce = 500;
constexpr int kScanAttempts = 5;
/// Up to so many deletions are accepted when the data set is the one that was followed.
constexpr std::size_t kFewDeletions = 20;

Error broken(std::string what) { return {NetError::kMalformed, std::move(what)}; }

/// The events of an XREAD answer; null when there are none.
const RedisReply* events_of(const RedisReply& reply) {
  if (reply.list.empty() || reply.list[0].list.size() != 2) return nullptr;
  return &reply.list[0].list[1];
}

void append(std::vector<std::string_view>& command, std::initializer_list<std::string_view> more) {
  command.insert(command.end(), more);
}

std::vector<std::string_view> meta_command() {
  std::vector<std::string_view> command{"HMGET", redis_keys()[kMetaKey]};
  for (const auto field : RedisMeta::fields()) command.push_back(field);
  return command;
}

}  // namespace

RedisFollower::RedisFollower(Gate& gate, Dialer& dialer, RedisTarget target, const FollowSettings& settings,
                             RedisReplica& replica, Observer& observer)
    : gate_(gate),
      dialer_(dialer),
      target_(std::move(target)),
      settings_(settings),
      replica_(replica),
      observer_(observer),
      backoff_(kShortestPause, settings.reconnect_max),
      reader_(settings.patience),
      events_at_once_(std::to_string(kEventsAtOnce)),
      known_revision_(replica.revision()) {}

void RedisFollower::reconnect() {
  if (commands_.connection) commands_.connection->close();
  if (stream_.connection) stream_.connection->close();
}

void RedisFollower::set_state(RedisState state, std::string trouble) {
  if (state == state_ && trouble == trouble_) return;
  if (state == RedisState::kUpToDate)
    log_info("following the configuration in Redis", {{"server", stream_.where}, {"revision", replica_.revision()}});
  else
    log_warning(state == RedisState::kAway ? "Redis is away" : "this node refuses the configuration in Redis",
                {{"reason", trouble}, {"revision", replica_.revision()}});
  state_ = state;
  trouble_ = std::move(trouble);
  observer_.on_state();
}

Task<void> RedisFollower::run() {
  for (;;) {
    const auto ended = co_await session();
    if (gate_.stopping()) co_return;
    just_lost_ = state_ == RedisState::kUpToDate;
    reconnect();
    commands_.connection.reset();
    stream_.connection.reset();
    if (ended.code == NetError::kBodyTooLarge) {
      read_less();
      continue;
    }
    set_state(RedisState::kAway, ended.text());
    // The counters have changed even if the state has not.
    observer_.on_state();
    const auto pause = backoff_.pause(gate_.shard().rng());
    co_await sleep_for(pause);
  }
}

/// A reply was too large: reads fewer changes per reply from now on. If it was a single change, reads all rows
/// instead.
void RedisFollower::read_less() {
  const auto before = parse_decimal(events_at_once_).value_or(1);
  read_all_ = read_all_ || before == 1;
  events_at_once_ = std::to_string(std::max<std::uint64_t>(before / 8, 1));
  log_warning("a reply from Redis was too large: reading fewer changes per reply", {{"changes", events_at_once_}});
}

Task<Error> RedisFollower::session() {
  auto commands = co_await link_redis(gate_, dialer_, target_, settings_.patience);
  ++(commands.has_value() ? counters_.connects : counters_.failed_connects);
  if (commands.has_error()) co_return commands.error();
  auto stream = co_await link_redis(gate_, dialer_, target_, settings_.patience);
  if (stream.has_error()) co_return stream.error();
  if (stream->run_id != commands->run_id) co_return Error{NetError::kConnectFailed, "the master is changing"};
  read_all_ = read_all_ || stream->run_id != run_id_ || stream->run_id.empty();
  commands_ = std::move(*commands);
  stream_ = std::move(*stream);
  refused_.reset();
  auto ended = co_await serve();
  co_return ended;
}

Task<Error> RedisFollower::serve() {
  for (;;) {
    const auto went = co_await step();
    if (went.has_error()) co_return went.error();
    if (!commands_.connection->is_open()) co_return Error{NetError::kClosed, "the connection to Redis was closed"};
    if (*went) backoff_.reset();
    if (!*went) co_await sleep_for(kBlock);
  }
}

/// Polls Redis once and acts on the result. False when the node does not accept what Redis holds.
Task<result<bool, Error>> RedisFollower::step() {
  auto polled = co_await poll();
  if (polled.has_error()) co_return std::move(polled).error();
  const RedisMeta meta = polled->first;
  if (state_ == RedisState::kUpToDate && went_back(meta))
    co_return Error{NetError::kConnectFailed, stream_.where + ": its revision went back to " +
                                                  std::to_string(meta.revision) +
                                                  ": this server is another master, or holds older data"};
  known_revision_ = meta.revision;
  schema_ = meta.readable_by;
  if (!must_read_all(meta)) {
    const auto followed = co_await follow(std::move(polled->second), meta);
    if (followed.has_error()) co_return followed.error();
    if (*followed) {
      note_followed();
      set_state(RedisState::kUpToDate, {});
      co_return true;
    }
  }
  if (refused_ == meta) co_return false;
  const auto looked = co_await look(meta);
  if (looked.has_error()) co_return looked.error();
  co_return state_ == RedisState::kUpToDate;
}

Task<result<std::pair<RedisMeta, RedisReply>, Error>> RedisFollower::poll() {
  const std::string after = std::to_string(replica_.revision()) + "-0";
  const auto& changes = redis_keys()[kChangesKey];
  std::vector<std::vector<std::string_view>> commands{meta_command(), {"ROLE"}};
  if (!read_all_) commands.push_back({"XREAD", "COUNT", events_at_once_});
  // Block for new changes only when the node is up to date.
  if (!read_all_ && state_ == RedisState::kUpToDate) append(commands.back(), {"BLOCK", kBlockMs});
  if (!read_all_) append(commands.back(), {"STREAMS", changes, after});
  auto replies = co_await stream_.connection->call_all(commands, kBlock + settings_.patience);
  if (replies.has_error()) co_return std::move(replies).error();
  // ROLE needs a permission that the operator may not have given, so an error reply is ignored.
  const auto& role = (*replies)[1];
  if (!role.is_error() && role.text_at(0) != "master")
    co_return Error{NetError::kConnectFailed, stream_.where + ": is a replica now, not the master"};
  for (const auto& reply : *replies)
    if (reply.is_error() && &reply != &role) co_return broken(stream_.where + ": " + reply.text);
  std::pair<RedisMeta, RedisReply> out{RedisMeta::from(replies->front()), {}};
  if (!read_all_) out.second = std::move(replies->back());
  co_return out;
}

/// It is the same data set as before, but it lacks changes that this node has seen in it.
bool RedisFollower::went_back(const RedisMeta& meta) const {
  return meta.damaged.empty() && meta.history == replica_.history() && meta.revision < replica_.revision();
}

void RedisFollower::note_followed() {
  followed_at_ = gate_.shard().clock().steady();
  recent_.note(followed_at_, replica_.revision());
}

bool RedisFollower::must_read_all(const RedisMeta& meta) const {
  const bool other_data = meta.revision == replica_.revision() && meta.sum != replica_.sum();
  return read_all_ || !meta.damaged.empty() || meta.readable_by > kRedisSchema || meta.loading ||
         meta.history != replica_.history() || meta.revision < replica_.revision() || other_data ||
         gate_.shard().clock().steady() >= next_verification_;
}

/// Applies the changes from the stream. False when the stream does not continue at the replica's revision.
Task<result<bool, Error>> RedisFollower::follow(RedisReply stream, RedisMeta meta) {
  const auto* list = events_of(stream);
  if (list == nullptr) co_return meta.revision == replica_.revision();
  // The replica has no data set yet. Reading all rows gives its id.
  if (replica_.history() == 0) co_return false;
  std::vector<RedisEvent> events;
  for (const auto& entry : list->list) {
    auto event = RedisEvent::from(entry);
    // An event that cannot be parsed becomes revision 0, which never fits.
    events.push_back(event ? std::move(*event) : RedisEvent());
  }
  const auto completed = co_await complete(events);
  if (completed.has_error()) co_return completed.error();
  co_return apply(events);
}

/// Reads the values that the events name only by digest.
Task<result<void, Error>> RedisFollower::complete(std::vector<RedisEvent>& events) {
  std::vector<WantedValue> wanted;
  for (const auto& event : events)
    for (const auto& part : event.parts)
      if (part.digest) wanted.push_back({part.kind, part.key});
  if (wanted.empty()) co_return result<void, Error>();
  auto fetched = co_await reader_.fetch(stream_.connection, wanted);
  if (fetched.has_error()) co_return std::move(fetched).error();
  std::size_t next = 0;
  for (auto& event : events) {
    for (auto& part : event.parts) {
      if (!part.digest) continue;
      auto& value = wanted[next++];
      const bool same = value.text && entry_digest(part.kind, part.key, *value.text) == *part.digest;
      if (same) part.value = std::move(value.text);
    }
  }
  co_return result<void, Error>();
}

bool RedisFollower::apply(const std::vector<RedisEvent>& events) {
  ChangedKeys changed;
  std::vector<Effect> written;
  bool fits = true;
  for (const auto& event : events) {
    fits = replica_.apply(event, changed, written);
    if (!fits) break;
    ++counters_.events;
  }
  known_revision_ = std::max(known_revision_, replica_.revision());
  counters_.gaps += fits ? 0U : 1U;
  read_all_ = !fits;
  observer_.on_replica(std::move(changed), std::move(written));
  return fits;
}

Task<result<void, Error>> RedisFollower::look(const RedisMeta& meta) {
  if (meta.readable_by > kRedisSchema) {
    set_state(RedisState::kRefused,
              "a newer version of Sluice wrote the configuration in Redis and does not let this version use it");
    refused_ = meta;
    co_return result<void, Error>();
  }
  if (meta.loading) {
    set_state(RedisState::kRefused, "an import into Redis is under way");
    refused_ = meta;
    co_return result<void, Error>();
  }
  if (!meta.damaged.empty()) {
    set_state(RedisState::kRefused, meta.damaged + ": correct it with HSET");
    refused_ = meta;
    co_return result<void, Error>();
  }
  if (went_back(meta))
    log_warning("the configuration in Redis lacks changes that this node acted on",
                {{"server", stream_.where}, {"revision", meta.revision}, {"was_revision", replica_.revision()}});
  co_await observer_.on_whole_read(commands_.connection);
  const auto looked = co_await look_at_server();
  if (looked.has_error()) co_return looked.error();
  auto rows = co_await read_rows();
  if (rows.has_error()) co_return std::move(rows).error();
  ++counters_.snapshots;
  known_revision_ = rows->meta.revision;
  if (is_whole(*rows) && deletes_little(*rows))
    take(*rows);
  else
    refused_ = meta;
  co_return result<void, Error>();
}

bool RedisFollower::refuse_rows(std::string why) {
  ++counters_.refused_snapshots;
  set_state(RedisState::kRefused, std::move(why));
  return false;
}

/// False when keys are missing. A server that evicts, or a person who deletes keys, removes whole keys, and the rest is
/// not a valid configuration.
bool RedisFollower::is_whole(const RedisRows& rows) {
  constexpr const char* kMend =
      ". Restore the entries ('sluice store import'), or accept their loss ('sluice store accept')";
  const std::string evicts = warning_.empty() ? std::string() : " (" + warning_ + ")";
  if (rows.meta.history == 0 && rows.size() > 0)
    return refuse_rows("Redis has lost its key " + redis_keys()[kMetaKey] + evicts + kMend);
  for (std::size_t kind = 0; kind < kEntryKinds; ++kind) {
    const auto should = rows.meta.counts[kind].value_or(0);
    const auto are = rows.values[kind].size();
    const auto missing = should - std::min<std::uint64_t>(should, are);
    if (missing == 0 || (are > 0 && missing <= kFewDeletions)) continue;
    return refuse_rows("Redis has lost " + std::to_string(missing) + " of " + std::to_string(should) +
                       " entries of the kind " + std::string(name_of(EntryKind(kind))) + evicts + kMend);
  }
  return true;
}

bool RedisFollower::deletes_little(const RedisRows& rows) {
  const auto loss = replica_.loss(rows);
  const bool same = rows.meta.history == replica_.history();
  const bool went_on = same && rows.meta.revision >= replica_.revision();
  // A promoted replica may lack the last changes.
  const bool promoted = same && !went_on && recent_.covers(rows.meta.revision);
  const bool few = went_on && loss.deleted <= kFewDeletions;
  const bool share = loss.deleted * 100 <= loss.known * settings_.most_deleted;
  const bool wanted = rows.meta.accepted != 0 && (!same || replica_.revision() < rows.meta.accepted);
  if (few || share || wanted || promoted) return true;
  return refuse_rows(
      std::string(rows.meta.history == 0 ? "Redis is empty" : "Redis holds another configuration") +
      ": accepting this configuration would delete " + std::to_string(loss.deleted) + " of " +
      std::to_string(loss.known) +
      " entries. Restore the entries ('sluice store export --from' the data directory of a node, then 'sluice"
      " store import'), or accept their loss ('sluice store accept')");
}

/// Warns when the server may evict the configuration.
Task<result<void, Error>> RedisFollower::look_at_server() {
  const std::vector<std::string_view> question{"INFO"};
  auto info = co_await stream_.connection->call(question, settings_.patience);
  if (info.has_error()) co_return std::move(info).error();
  const auto policy = info_field(info->text, "maxmemory_policy:");
  std::string warning;
  if (policy.starts_with("allkeys-"))
    warning = "Redis evicts keys when its memory is full: set its maxmemory-policy to noeviction instead of " + policy;
  if (warning != warning_ && !warning.empty()) log_warning(warning, {{"server", stream_.where}});
  warning_ = std::move(warning);
  co_return result<void, Error>();
}

void RedisFollower::take(const RedisRows& rows) {
  if (rows.meta.history != replica_.history()) recent_.forget();
  ChangedKeys changed;
  std::vector<Effect> written;
  const auto differing = replica_.replace(rows, changed, written);
  if (differing != 0 && state_ != RedisState::kStarting)
    log_info("read the whole configuration from Redis", {{"revision", replica_.revision()}, {"differing", differing}});
  run_id_ = stream_.run_id;
  schema_ = rows.meta.readable_by;
  note_followed();
  read_all_ = false;
  refused_.reset();
  next_verification_ = gate_.shard().clock().steady() + settings_.verify_interval;
  observer_.on_replica(std::move(changed), std::move(written));
  set_state(RedisState::kUpToDate, {});
}

Task<result<RedisMeta, Error>> RedisFollower::read_meta() {
  auto reply = co_await stream_.connection->call(meta_command(), settings_.patience);
  if (reply.has_error()) co_return std::move(reply).error();
  if (reply->is_error()) co_return broken(stream_.where + ": " + reply->text);
  co_return RedisMeta::from(*reply);
}

Task<result<RedisRows, Error>> RedisFollower::read_rows() {
  for (int attempt = 0; attempt < kScanAttempts; ++attempt) {
    auto rows = co_await scan_once();
    if (rows.has_error()) co_return std::move(rows).error();
    // Without `meta` there is no revision from which the stream could continue.
    if (rows->meta.history == 0) co_return rows;
    const auto whole = co_await catch_up(*rows);
    if (whole.has_error()) co_return whole.error();
    if (!*whole) continue;
    auto wanted = rows->wanted();
    auto fetched = co_await reader_.fetch(stream_.connection, wanted);
    if (fetched.has_error()) co_return std::move(fetched).error();
    for (auto& value : wanted) rows->take(std::move(value));
    co_return rows;
  }
  co_return broken(
      "the configuration in Redis cannot be read: it changes faster than this node can read it, or its change stream "
      "does not match its revision");
}

/// Reads all rows, each as it was at some time since `meta` was read.
Task<result<RedisRows, Error>> RedisFollower::scan_once() {
  RedisRows rows;
  auto meta = co_await read_meta();
  if (meta.has_error()) co_return std::move(meta).error();
  rows.meta = *meta;
  for (std::size_t kind = 0; kind < kEntryKinds; ++kind) {
    auto read = co_await reader_.read_kind(stream_.connection, EntryKind(kind), rows);
    if (read.has_error()) co_return Error{read.error().code, stream_.where + ": " + read.error().text()};
  }
  co_return rows;
}

/// Applies the changes made while the rows were read. False when the stream no longer has them: read the rows again.
Task<result<bool, Error>> RedisFollower::catch_up(RedisRows& rows) {
  for (;;) {
    const std::string after = std::to_string(rows.meta.revision) + "-0";
    const std::vector<std::vector<std::string_view>> commands{
        meta_command(), {"XREAD", "COUNT", events_at_once_, "STREAMS", redis_keys()[kChangesKey], after}};
    auto replies = co_await stream_.connection->call_all(commands, settings_.patience);
    if (replies.has_error()) co_return std::move(replies).error();
    if (replies->back().is_error()) co_return broken(stream_.where + ": " + replies->back().text);
    const auto meta = RedisMeta::from(replies->front());
    if (meta.history != rows.meta.history || meta.loading) co_return false;
    const auto* events = events_of(replies->back());
    if (events == nullptr) {
      const bool whole = meta.revision == rows.meta.revision;
      rows.meta = meta;
      co_return whole;
    }
    for (const auto& entry : events->list) {
      const auto event = RedisEvent::from(entry);
      if (!event || event->revision != rows.meta.revision + 1) co_return false;
      rows.apply(*event);
    }
  }
}

}  // namespace sluice
