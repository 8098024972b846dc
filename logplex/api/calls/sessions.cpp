#include <algorithm>

#include "logplex/api/calls/handlers.hpp"
#include "logplex/api/calls/session_url.hpp"
#include "logplex/api/frame/changes.hpp"
#include "logplex/api/frame/json_body.hpp"
#include "logplex/api/frame/seals.hpp"
#include "logplex/api/tail/line_stream.hpp"

namespace sluice::api {
namespace json = boost::json;
namespace {

/// The rights of a stream that the caller opens; channel and incarnation are filled in later.
StreamRights rights_of(const Principal& who) { return {!who.full, who.id, {}, 0, who.expires}; }

std::string sealed_session(const ApiCall& call, const Channel& channel, const LineQuery& query) {
  auto& shard = call.parts.shard;
  const auto ttl = std::chrono::duration_cast<std::chrono::microseconds>(call.parts.settings.session_ttl);
  SessionUrl session{rights_of(call.who), query.to_text(), shard.rng().next()};
  session.rights.channel = channel.id;
  session.rights.incarnation = channel.incarnation;
  session.rights.until = std::min(shard.wall_now() + ttl, session.rights.until.value_or(WallTime::max()));
  return call.parts.seals.seal(call.parts.config(), session.to_text(), kSessionPlace);
}

/// Also finds sessions that a node of an earlier version keeps in a shared store. Their channels have no incarnation.
std::optional<SessionUrl> stored_session(const ApiCall& call) {
  const auto uuid = Uuid::parse(call.parameter(0));
  const auto* session = uuid ? call.parts.config().session(*uuid) : nullptr;
  if (session == nullptr) return std::nullopt;
  return SessionUrl{{false, {}, session->channel, 0, session->expires}, session->query, 0};
}

std::optional<SessionUrl> find_session(const ApiCall& call) {
  if (auto stored = stored_session(call)) return stored;
  const auto opened = call.parts.seals.open(call.parts.config(), call.parameter(0), kSessionPlace);
  return opened ? SessionUrl::from_text(opened->reveal()) : std::nullopt;
}

std::string last_event_id(const ApiCall& call) {
  const auto* id = call.http.request().header("Last-Event-ID");
  return id == nullptr ? std::string() : *id;
}

}  // namespace

Task<ApiAnswer> create_session(ApiCall& call) {
  const auto channel = text_at(call.body, "channel_id").value_or("");
  if (!call.who.may_use(call.parts.config(), channel))
    co_return error_answer(403, "this key may not use that channel", "channel_id");
  const auto query = LineQuery::from(call.body, call.parts.shard.wall_now());
  if (query.has_error()) co_return query.error().answer();
  if (!Seals::shared(call.parts.config())) {
    const auto shared = co_await Seals::share(call.parts.shard, call.parts.changes);
    if (shared.has_error()) co_return answer_for(shared.error());
  }
  const auto* entry = call.parts.config().channel(channel);
  if (entry == nullptr) co_return error_answer(422, "channel not found");
  const auto sealed = sealed_session(call, entry->channel, *query);
  if (sealed.size() > kLongestSessionUrl) co_return error_answer(422, "the filter is too long for a url", "filter");
  const auto url = call.base_url() + "/sessions/" + sealed;
  auto answer = json_answer(201, json::object{{"url", url}});
  answer.headers.emplace_back("Location", url);
  co_return answer;
}

// These two are not coroutines, so that a waiting tail keeps no frame of theirs.

Task<ApiAnswer> read_session(ApiCall& call) {
  auto session = find_session(call);
  const auto& config = call.parts.config();
  if (!session || !session->rights.hold(config, call.parts.shard.wall_now()))
    return answered(error_answer(404, "no such session, or it has expired"));
  auto query = LineQuery::from_text(session->query);
  if (!query) return answered(error_answer(500, "the session cannot be read"));
  auto held = call.parts.shares.take_session(session->rights, config);
  if (!held) return answered(share_is_taken());
  LineStream stream{session->rights.channel, std::move(*query), last_event_id(call)};
  stream.rights = std::move(session->rights);
  stream.held = std::move(*held);
  return stream_lines(call, std::move(stream));
}

Task<ApiAnswer> read_logs(ApiCall& call) {
  auto query = LineQuery::from(call.query(), call.parts.shard.wall_now());
  if (query.has_error()) return answered(query.error().answer());
  LineStream stream{call.parameter(0), std::move(*query), last_event_id(call)};
  stream.logplex_frames = !stream.query.tail;
  stream.rights = rights_of(call.who);
  stream.held = std::move(call.held);
  return stream_lines(call, std::move(stream));
}

}  // namespace sluice::api
