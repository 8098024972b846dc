#include <cmath>

#include <boost/json/array.hpp>

#include "drains/facts/shown_url.hpp"
#include "logplex/api/calls/drain_path.hpp"
#include "logplex/api/calls/drain_url.hpp"
#include "logplex/api/calls/handlers.hpp"
#include "logplex/api/frame/changes.hpp"
#include "logplex/api/frame/json_body.hpp"
#include "logplex/net/signing_key.hpp"
#include "logplex/net/tls/tls_material.hpp"
#include "logplex/runtime/lane.hpp"
#include "logplex/wire/filter.hpp"
#include "logplex/wire/timestamp.hpp"

namespace sluice::api {
namespace json = boost::json;
namespace {

constexpr BodyField kDrainFields[] = {
    {"url", JsonShape::kString, false, "where lines go; without it the drain is only reserved"},
    {"format", JsonShape::kString, false, "how lines are written; the default depends on the url"},
    {"durable", JsonShape::kBool, false, "keep undelivered lines across restarts"},
    {"filter", JsonShape::kString, false, "filter terms, ANDed; only matching lines are sent"},
    {"headers", JsonShape::kObject, false, "more headers for HTTP requests: an object of strings"},
    {"secret", JsonShape::kString, false, "key that signs HTTP bodies (Standard Webhooks); never shown"},
    {"ca", JsonShape::kString, false, "PEM of the CA certificates that verify the receiver's certificate"},
    {"client_cert", JsonShape::kString, false, "PEM of our certificate"},
    {"client_key", JsonShape::kString, false, "PEM of the key of client_cert; never shown"},
};

checked<void> read_headers(const json::object& body, Drain& drain) {
  const auto* headers = member(body, "headers");
  if (headers == nullptr) return {};
  for (const auto& [name, value] : headers->get_object()) {
    if (!value.is_string()) return BadInput{"headers must be an object of strings", "headers"};
    drain.headers.emplace_back(name, Secret(std::string(std::string_view(value.get_string()))));
  }
  return {};
}

checked<void> read_filter(const json::object& body, Drain& drain) {
  drain.filter = string_or(body, "filter");
  if (const auto filter = Filter::parse(drain.filter); filter.has_error()) return bad_filter(filter.error());
  return {};
}

/// Refuses options that this build does not have, instead of ignoring them.
checked<void> refuse_what_is_missing(const Drain& drain) {
  if (drain.durable) return BadInput{"durable drains are not in this build", "durable", 422};
  return {};
}

checked<void> check_secret(const Drain& drain) {
  if (drain.secret.empty()) return {};
  SLUICE_TRY_VOID(check_drain_can_sign(drain.url.reveal()));
  if (const auto key = signing_key(drain.secret); key.has_error()) return BadInput{key.error().text(), "secret", 422};
  return {};
}

checked<void> judgement(std::optional<TlsMaterialFault> fault) {
  if (!fault) return {};
  return BadInput{std::move(fault->sentence), std::move(fault->field), 422};
}

/// Runs on a thread of its own when there is one, because each certificate takes a quarter of a millisecond.
Task<checked<void>> check_material(const ApiCall& call, const Drain& drain) {
  if (drain.ca.empty() && drain.client_cert.empty() && drain.client_key.empty()) co_return checked<void>();
  if (call.parts.certificates == nullptr)
    co_return judgement(check_tls_material(drain.ca, drain.client_cert, drain.client_key));
  const auto places = call.parts.shares.take_certificates(call.who, drain.channel);
  if (places.has_error()) co_return places.error();
  auto step = [check = TlsMaterialCheck(drain.ca, drain.client_cert, drain.client_key)]() mutable {
    return check.step();
  };
  const std::string owner = call.who.id.empty() ? std::string() : drain.channel;
  auto verdict = co_await call.parts.certificates->run_in_steps(owner, std::move(step));
  if (!verdict) co_return call.parts.shares.no_place_for_certificates();
  co_return judgement(std::move(verdict->fault));
}

checked<Drain> read_fields(const ApiCall& call) {
  Drain drain;
  drain.channel = channel_of(call);
  const auto url = string_or(call.body, "url");
  if (member(call.body, "url") != nullptr) SLUICE_TRY_VOID(check_drain_url(url, call.parts.guard));
  drain.url = Secret(url);
  drain.format = string_or(call.body, "format");
  SLUICE_TRY_VOID(check_drain_format(url, drain.format));
  drain.durable = bool_at(call.body, "durable").value_or(false);
  SLUICE_TRY_VOID(read_filter(call.body, drain));
  SLUICE_TRY_VOID(read_headers(call.body, drain));
  drain.ca = string_or(call.body, "ca");
  drain.client_cert = string_or(call.body, "client_cert");
  drain.client_key = Secret(string_or(call.body, "client_key"));
  drain.secret = Secret(string_or(call.body, "secret"));
  SLUICE_TRY_VOID(check_secret(drain));
  SLUICE_TRY_VOID(refuse_what_is_missing(drain));
  return drain;
}

Task<checked<Drain>> read_drain(const ApiCall& call) {
  auto drain = read_fields(call);
  if (drain.has_error()) co_return drain;
  auto checked_material = co_await check_material(call, *drain);
  if (checked_material.has_error()) co_return std::move(checked_material).error();
  co_return drain;
}

std::vector<Drain> drains_at(const ApiCall& call, bool& found) {
  std::vector<Drain> out;
  const auto channel = channel_of(call);
  const auto& config = call.parts.config();
  const auto* entry = channel.empty() ? nullptr : config.channel(channel);
  found = channel.empty() || entry != nullptr;
  if (!found) return out;
  for (const auto& drain : entry != nullptr ? entry->drains : config.global_drains()) out.push_back(drain->drain);
  return out;
}

/// Answers a change with the changed drain.
Task<ApiAnswer> show_drain(ApiCall& call, std::uint64_t id, unsigned status) {
  const auto drain = find_drain(call, std::to_string(id));
  if (!drain) co_return no_such_drain();
  const auto report = co_await call.parts.drains.report(id);
  co_return json_answer(status, drain_json(*drain, report, call.who));
}

json::value time_json(const std::optional<WallTime>& time) {
  return time ? json::value(timestamp(*time)) : json::value();
}

double seconds(Duration time) { return std::round(std::chrono::duration<double>(time).count() * 1000) / 1000; }

}  // namespace

const BodySchema kDrainBody{kDrainFields, true};
const BodySchema kGlobalDrainBody{kDrainFields};

json::object stats_json(const DrainStats& stats) {
  json::object dropped;
  for (const auto& [reason, lines] : stats.dropped) dropped[reason] = lines;
  json::object errors;
  for (const auto& [name, count] : stats.errors) errors[name] = count;
  json::object out{{"offered", stats.offered}, {"filtered", stats.filtered}, {"delivered", stats.delivered}};
  out["dropped"] = std::move(dropped);
  out["pending_lines"] = stats.pending_lines;
  out["pending_bytes"] = stats.pending_bytes;
  out["in_flight_lines"] = stats.in_flight_lines;
  out["oldest_pending_age_s"] = seconds(stats.oldest_pending_age);
  out["last_success"] = time_json(stats.last_success);
  out["last_error"] = stats.last_error.empty() ? json::value() : json::value(stats.last_error);
  out["errors"] = std::move(errors);
  out["latency_ms"] = stats.latency ? json::value(seconds(*stats.latency * 1000)) : json::value();
  out["since"] = timestamp(stats.since);
  out["node"] = stats.node;
  return out;
}

std::string shown_url(const Drain& drain, const Principal& who) {
  const auto& url = drain.url.reveal();
  return who.may(Scope::kDrainsWrite) ? drains::redacted_url(url) : drains::public_url(url);
}

json::object drain_json(const Drain& drain, const DrainReport& report, const Principal& who) {
  json::object out{{"id", drain.id}, {"token", token_text('d', drain.token)}};
  const auto& url = drain.url.reveal();
  if (!drain.reserved()) out["url"] = shown_url(drain, who);
  out["format"] = drain.format.empty() ? default_drain_format(url) : std::string_view(drain.format);
  out["durable"] = drain.durable;
  out["filter"] = drain.filter;
  out["status"] = to_string(drain.paused ? DrainStatus::kPaused : report.status);
  out["stats"] = stats_json(report.stats);
  return out;
}

Task<ApiAnswer> create_drain(ApiCall& call) {
  auto drain = co_await read_drain(call);
  if (drain.has_error()) co_return drain.error().answer();
  drain->token = Uuid::random(call.parts.shard.rng());
  Change change = CreateDrain{std::move(*drain)};
  const auto applied = co_await call.make(std::move(change));
  if (applied.has_error()) co_return call.refused(applied.error());
  auto answer = co_await show_drain(call, applied->drain_id, 201);
  if (answer.status == 201)
    answer.headers.emplace_back("Location",
                                call.base_url() + drains_path(call) + "/" + std::to_string(applied->drain_id));
  co_return answer;
}

Task<ApiAnswer> list_drains(ApiCall& call) {
  bool found = false;
  const auto drains = drains_at(call, found);
  if (!found) co_return error_answer(404, "no such channel");
  json::array items;
  for (const auto& drain : drains) {
    const auto report = co_await call.parts.drains.report(drain.id);
    items.push_back(drain_json(drain, report, call.who));
  }
  co_return list_answer(std::move(items), {});
}

Task<ApiAnswer> get_drain(ApiCall& call) {
  const auto drain = find_drain(call);
  if (!drain) co_return no_such_drain();
  auto answer = co_await show_drain(call, drain->id, 200);
  co_return answer;
}

Task<ApiAnswer> put_drain(ApiCall& call) {
  const auto before = find_drain(call);
  if (!before) co_return no_such_drain();
  if (member(call.body, "url") == nullptr) co_return error_answer(400, "url is required", "url");
  auto drain = co_await read_drain(call);
  if (drain.has_error()) co_return drain.error().answer();
  drain->id = before->id;
  drain->token = before->token;
  Change change = PutDrain{std::move(*drain)};
  const auto applied = co_await call.make(std::move(change));
  if (applied.has_error()) co_return call.refused(applied.error());
  auto answer = co_await show_drain(call, before->id, 200);
  co_return answer;
}

Task<ApiAnswer> delete_drain(ApiCall& call) {
  const auto drain = find_drain(call);
  if (!drain) co_return no_such_drain();
  Change change = DeleteDrain{drain->channel, drain->id};
  auto answer = co_await remove_by(call, std::move(change));
  co_return answer;
}

}  // namespace sluice::api
