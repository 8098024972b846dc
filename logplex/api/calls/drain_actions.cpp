#include "logplex/api/calls/drain_path.hpp"
#include "logplex/api/calls/handlers.hpp"
#include "logplex/api/frame/changes.hpp"
#include "logplex/api/frame/json_body.hpp"

namespace sluice::api {
namespace json = boost::json;
namespace {

constexpr BodyField kResumeFields[] = {
    {"from", JsonShape::kString, false,
     "\"cursor\": from the oldest pending line (default); \"now\": from the next line"},
};
constexpr BodyField kReplayFields[] = {
    {"since", JsonShape::kString, true, "RFC 3339 time or a duration ago"},
    {"until", JsonShape::kString, false, "RFC 3339 time or a duration ago"},
};

json::value tls_json(const DrainTest& test) {
  if (test.tls_version.empty()) return {};
  return json::object{{"version", test.tls_version}, {"cipher", test.tls_cipher}, {"peer", test.tls_peer}};
}

json::value text_or_null(const std::string& text) { return text.empty() ? json::value() : json::value(text); }

json::object test_json(const DrainTest& test) {
  json::object out{{"ok", test.delivered}};
  out["status"] = test.http_status ? json::value(*test.http_status) : json::value();
  out["latency_ms"] =
      static_cast<double>(std::chrono::duration_cast<std::chrono::microseconds>(test.latency).count()) / 1000;
  out["tls"] = tls_json(test);
  out["error_class"] = text_or_null(test.error_class);
  out["error"] = text_or_null(test.error);
  return out;
}

Task<ApiAnswer> set_paused(ApiCall& call, Drain drain, bool paused) {
  Change change = SetDrainPaused{drain.channel, drain.id, paused};
  const auto applied = co_await call.make(std::move(change));
  if (applied.has_error()) co_return answer_for(applied.error());
  const auto report = co_await call.parts.drains.report(drain.id);
  drain.paused = paused;
  co_return json_answer(200, drain_json(drain, report, call.who));
}

}  // namespace

const BodySchema kResumeBody{kResumeFields, false, true};
const BodySchema kReplayBody{kReplayFields};
const BodySchema kNoBody{{}, false, true};

std::string channel_of(const ApiCall& call) {
  return call.route.channel_parameter() ? call.parameter(0) : std::string();
}

std::string drains_path(const ApiCall& call) {
  const auto channel = channel_of(call);
  return channel.empty() ? "/v3/drains" : "/v3/channels/" + channel + "/drains";
}

std::optional<Drain> find_drain(const ApiCall& call) { return find_drain(call, call.parameters.back()); }

std::optional<Drain> find_drain(const ApiCall& call, std::string_view id_or_token) {
  const auto* entry = call.parts.config().drain(channel_of(call), id_or_token);
  if (entry == nullptr) return std::nullopt;
  return entry->drain;
}

ApiAnswer no_such_drain() { return error_answer(404, "no such drain"); }

Task<ApiAnswer> test_drain(ApiCall& call) {
  const auto drain = find_drain(call);
  if (!drain) co_return no_such_drain();
  if (drain->reserved()) co_return error_answer(409, "the drain has no url yet");
  const auto test = co_await call.parts.drains.test(drain->id);
  co_return test.has_error() ? error_answer(409, test.error().text()) : json_answer(200, test_json(*test));
}

Task<ApiAnswer> pause_drain(ApiCall& call) {
  const auto drain = find_drain(call);
  if (!drain) co_return no_such_drain();
  auto answer = co_await set_paused(call, *drain, true);
  co_return answer;
}

Task<ApiAnswer> resume_drain(ApiCall& call) {
  const auto drain = find_drain(call);
  if (!drain) co_return no_such_drain();
  const auto from = string_or(call.body, "from", "cursor");
  if (from != "cursor" && from != "now") co_return error_answer(400, "from must be cursor or now", "from");
  if (from == "now") {
    const auto skipped = co_await call.parts.drains.skip_pending(drain->id);
    if (skipped.has_error()) co_return error_answer(409, skipped.error().text());
  }
  auto answer = co_await set_paused(call, *drain, false);
  co_return answer;
}

Task<ApiAnswer> replay_drain(ApiCall& call) {
  if (!find_drain(call)) co_return no_such_drain();
  co_return error_answer(409, "only a durable drain can replay, and this one is not durable");
}

}  // namespace sluice::api
