#include "logplex/store/redis_follower.hpp"

#include "logplex/base/log.hpp"
#include "logplex/net/net_error.hpp"
#include "logplex/store/redis_scripts.hpp"

namespace sluice {
namespace {

constexpr std::string_view kBlockMs = "500";
constexpr Duration kBlock = std::chrono::milliseconds(500);
constexpr std::string_view kEventsAtOnce = "500";
constexpr std::string_view kRowsAtOnce = "2000";
constexpr int kScanAttempts = 5;
constexpr std::uint64_t kReadableBy = 1;
/// Fewer deletions than this are no accident when the data set is the one that was followed.
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
                             RedisImage& image, Observer& observer)
    : gate_(gate),
      dialer_(dialer),
      target_(std::move(target)),
      settings_(settings),
      image_(image),
      observer_(observer),
      backoff_(gate.shard().rng(), settings.reconnect_max),
      known_revision_(image.revision()) {}

void RedisFollower::reconnect() {
  if (commands_.connection) commands_.connection->close();
  if (stream_.connection) stream_.connection->close();
}

void RedisFollower::set_state(RedisState state, std::string trouble) {
  if (state == state_ && trouble == trouble_) return;
  if (state == RedisState::kUpToDate)
    log_info("following the configuration in Redis", {{"server", stream_.where}, {"revision", image_.revision()}});
  else
    log_warning(state == RedisState::kAway ? "Redis is away" : "what Redis holds is not taken",
                {{"reason", trouble}, {"revision", image_.revision()}});
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
    set_state(RedisState::kAway, ended.text());
    // The figures move on although the state does not.
    observer_.on_state();
    const auto pause = backoff_.next();
    co_await sleep_for(pause);
  }
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

/// One look at Redis, and what follows from it. False when what is there is not taken.
Task<result<bool, Error>> RedisFollower::step() {
  auto polled = co_await poll();
  if (polled.has_error()) co_return std::move(polled).error();
  const auto& [meta, stream] = *polled;
  known_revision_ = meta.revision;
  if (!must_read_all(meta) && apply(stream, meta)) {
    set_state(RedisState::kUpToDate, {});
    co_return true;
  }
  if (refused_ == meta) co_return false;
  const auto looked = co_await look(meta);
  if (looked.has_error()) co_return looked.error();
  co_return state_ == RedisState::kUpToDate;
}

Task<result<std::pair<RedisMeta, RedisReply>, Error>> RedisFollower::poll() {
  const std::string after = std::to_string(image_.revision()) + "-0";
  const auto& changes = redis_keys()[kChangesKey];
  std::vector<std::vector<std::string_view>> commands{meta_command()};
  if (!read_all_) commands.push_back({"XREAD", "COUNT", kEventsAtOnce});
  // Only who is up to date waits for what comes next.
  if (!read_all_ && state_ == RedisState::kUpToDate) append(commands.back(), {"BLOCK", kBlockMs});
  if (!read_all_) append(commands.back(), {"STREAMS", changes, after});
  auto replies = co_await stream_.connection->call_all(commands, kBlock + settings_.patience);
  if (replies.has_error()) co_return std::move(replies).error();
  for (const auto& reply : *replies)
    if (reply.is_error()) co_return broken(stream_.where + ": " + reply.text);
  std::pair<RedisMeta, RedisReply> out{RedisMeta::from(replies->front()), {}};
  if (!read_all_) out.second = std::move(replies->back());
  co_return out;
}

bool RedisFollower::must_read_all(const RedisMeta& meta) const {
  return read_all_ || meta.readable_by > kReadableBy || meta.loading || meta.history != image_.history() ||
         meta.revision < image_.revision() || gate_.shard().clock().steady() >= next_verification_;
}

/// False when the stream does not go on where the image is.
bool RedisFollower::apply(const RedisReply& stream, const RedisMeta& meta) {
  const auto* events = events_of(stream);
  if (events == nullptr) return meta.revision == image_.revision();
  // The first change of all also names the data set.
  if (image_.history() == 0) return false;
  ChangedKeys changed;
  std::vector<Effect> written;
  bool fits = true;
  for (const auto& entry : events->list) {
    const auto event = RedisEvent::from(entry);
    fits = event && image_.apply(*event, changed, written);
    if (!fits) break;
    ++counters_.events;
  }
  known_revision_ = std::max(known_revision_, image_.revision());
  counters_.gaps += fits ? 0 : 1;
  read_all_ = !fits;
  observer_.on_image(std::move(changed), std::move(written));
  return fits;
}

Task<result<void, Error>> RedisFollower::look(const RedisMeta& meta) {
  if (meta.readable_by > kReadableBy) {
    set_state(RedisState::kRefused,
              "what Redis holds was written by a newer version, which forbids this one to use it");
    refused_ = meta;
    co_return result<void, Error>();
  }
  if (meta.loading) {
    set_state(RedisState::kRefused, "an import into Redis is under way");
    refused_ = meta;
    co_return result<void, Error>();
  }
  auto rows = co_await read_rows();
  if (rows.has_error()) co_return std::move(rows).error();
  ++counters_.snapshots;
  known_revision_ = rows->meta.revision;
  if (acceptable(*rows))
    take(*rows);
  else
    refused_ = meta;
  co_return result<void, Error>();
}

bool RedisFollower::acceptable(const RedisRows& rows) {
  const auto loss = image_.loss(rows);
  const bool went_on = rows.meta.history == image_.history() && rows.meta.revision >= image_.revision();
  const bool few = went_on && loss.deleted <= kFewDeletions;
  const bool share = loss.deleted * 100 <= loss.known * settings_.most_deleted;
  const bool wanted =
      rows.meta.accepted != 0 && (rows.meta.history != image_.history() || image_.revision() < rows.meta.accepted);
  if (few || share || wanted) return true;
  ++counters_.refused_snapshots;
  set_state(
      RedisState::kRefused,
      std::string(rows.meta.history == 0 ? "Redis is empty" : "the configuration in Redis is another") +
          ": taking it would delete " + std::to_string(loss.deleted) + " of " + std::to_string(loss.known) +
          " entries. Put the entries back ('sluice store export --from' the data directory of a node, then 'sluice"
          " store import'), or say that they are to go ('sluice store accept')");
  return false;
}

void RedisFollower::take(const RedisRows& rows) {
  ChangedKeys changed;
  std::vector<Effect> written;
  const auto differing = image_.replace(rows, changed, written);
  if (differing != 0 && state_ != RedisState::kStarting)
    log_info("configuration read from Redis as a whole", {{"revision", image_.revision()}, {"differing", differing}});
  run_id_ = stream_.run_id;
  read_all_ = false;
  refused_.reset();
  next_verification_ = gate_.shard().clock().steady() + settings_.verify_interval;
  observer_.on_image(std::move(changed), std::move(written));
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
    const auto whole = co_await catch_up(*rows);
    if (whole.has_error()) co_return whole.error();
    if (*whole) co_return rows;
  }
  co_return broken("the configuration in Redis changes faster than it can be read");
}

/// All rows, each as it was at some time since `meta` was read.
Task<result<RedisRows, Error>> RedisFollower::scan_once() {
  RedisRows rows;
  auto meta = co_await read_meta();
  if (meta.has_error()) co_return std::move(meta).error();
  rows.meta = *meta;
  std::array<std::string, kEntryKinds> cursors;
  cursors.fill("0");
  std::vector<std::size_t> open(kEntryKinds);
  for (std::size_t kind = 0; kind < kEntryKinds; ++kind) open[kind] = kind;
  while (!open.empty()) {
    std::vector<std::vector<std::string_view>> commands;
    for (const auto kind : open)
      commands.push_back({"HSCAN", redis_keys()[kFirstKindKey + kind], cursors[kind], "COUNT", kRowsAtOnce});
    auto replies = co_await stream_.connection->call_all(commands, settings_.patience);
    if (replies.has_error()) co_return std::move(replies).error();
    std::vector<std::size_t> still_open;
    for (std::size_t i = 0; i < open.size(); ++i) {
      auto& reply = (*replies)[i];
      if (reply.is_error()) co_return broken(stream_.where + ": " + reply.text);
      if (reply.list.size() != 2) co_return broken("HSCAN answered something else");
      cursors[open[i]] = reply.text_at(0);
      auto& fields = reply.list[1].list;
      for (std::size_t at = 0; at + 1 < fields.size(); at += 2)
        rows.values[open[i]][std::move(fields[at].text)] = std::move(fields[at + 1].text);
      if (cursors[open[i]] != "0") still_open.push_back(open[i]);
    }
    open = std::move(still_open);
  }
  co_return rows;
}

/// Applies what changed while the rows were read. False when that is not known any more: read them again.
Task<result<bool, Error>> RedisFollower::catch_up(RedisRows& rows) {
  for (;;) {
    const std::string after = std::to_string(rows.meta.revision) + "-0";
    const std::vector<std::vector<std::string_view>> commands{
        meta_command(), {"XREAD", "COUNT", kEventsAtOnce, "STREAMS", redis_keys()[kChangesKey], after}};
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
