#include "logplex/api/changes.hpp"
#include "logplex/api/handlers.hpp"
#include "logplex/api/json_body.hpp"
#include "logplex/api/line_stream.hpp"

namespace sluice {
namespace json = boost::json;
namespace {

std::string last_event_id(const ApiCall& call) {
  const auto* id = call.http.request().header("Last-Event-ID");
  return id == nullptr ? std::string() : *id;
}

}  // namespace

Task<ApiAnswer> create_session(ApiCall& call) {
  auto& shard = call.parts.shard;
  const auto channel = text_at(call.body, "channel_id").value_or("");
  if (!call.who.may_use(channel)) co_return error_answer(403, "this key may not use that channel", "channel_id");
  const auto query = LineQuery::from(call.body, shard.wall_now());
  if (query.has_error()) co_return query.error().answer();
  if (call.parts.config().channel(channel) == nullptr) co_return error_answer(422, "channel not found");
  const auto ttl = std::chrono::duration_cast<std::chrono::microseconds>(call.parts.settings.session_ttl);
  const auto uuid = Uuid::random(shard.rng());
  Change change = CreateSession{Session{uuid, channel, query->to_text(), shard.wall_now() + ttl, {}}};
  const auto applied = co_await call.parts.changes.make(std::move(change));
  if (applied.has_error()) co_return answer_for(applied.error());
  const auto url = call.base_url() + "/sessions/" + uuid.str();
  auto answer = json_answer(201, json::object{{"url", url}});
  answer.headers.emplace_back("Location", url);
  co_return answer;
}

// These two are not coroutines, so that a tail that waits keeps no frame of theirs.

Task<ApiAnswer> read_session(ApiCall& call) {
  const auto uuid = Uuid::parse(call.parameter(0));
  const auto* session = uuid ? call.parts.config().session(*uuid) : nullptr;
  if (session == nullptr || session->expires <= call.parts.shard.wall_now())
    return answered(error_answer(404, "no such session, or it has expired"));
  auto query = LineQuery::from_text(session->query);
  if (!query) return answered(error_answer(500, "the session cannot be read"));
  return stream_lines(call, LineStream{session->channel, std::move(*query), last_event_id(call)});
}

Task<ApiAnswer> read_logs(ApiCall& call) {
  auto query = LineQuery::from(call.query(), call.parts.shard.wall_now());
  if (query.has_error()) return answered(query.error().answer());
  const bool frames = !query->tail;
  return stream_lines(call, LineStream{call.parameter(0), std::move(*query), last_event_id(call), frames});
}

}  // namespace sluice
