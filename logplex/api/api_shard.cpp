#include "logplex/api/api_shard.hpp"

#include <algorithm>

#include "logplex/api/accept.hpp"
#include "logplex/api/json_body.hpp"
#include "logplex/api/routes.hpp"
#include "logplex/base/metrics.hpp"
#include "logplex/runtime/task_work.hpp"
#include "logplex/wire/filter.hpp"

namespace sluice {
namespace {

constexpr std::string_view kRequestId = "request-id";
constexpr std::size_t kLongestRequestId = 128;

/// Letters, digits and a few marks: fit for a header and a log as it stands.
bool is_sane_id(std::string_view id) {
  const auto fits = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-_.:/+=@,").find(c) != std::string_view::npos;
  };
  return !id.empty() && id.size() <= kLongestRequestId && std::ranges::all_of(id, fits);
}

std::string request_id_of(const HttpRequest& request, Rng& rng) {
  for (const std::string_view name : {std::string_view("request-id"), std::string_view("x-request-id")})
    if (const auto* id = request.header(name); id != nullptr && is_sane_id(*id)) return *id;
  return Uuid::random(rng).str();
}

std::string_view header_or_empty(const HttpRequest& request, std::string_view name) {
  const auto* value = request.header(name);
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

ApiAnswer unauthorized(Dialect dialect) {
  auto answer = dialect == Dialect::kLegacy ? text_answer(401, "Not Authorized")
                                            : error_answer(401, "a valid API key is required");
  answer.headers.emplace_back("WWW-Authenticate", "Basic realm=Logplex");
  return answer;
}

ApiAnswer no_route(const RouteMatch& match, std::string_view path) {
  if (match.allow.empty())
    return path.starts_with("/v3/") ? error_answer(404, "there is nothing at this path")
                                    : text_answer(404, "Not found");
  auto answer = error_answer(405, "this path takes " + match.allow);
  answer.headers.emplace_back("Allow", match.allow);
  return answer;
}

/// The answer to a body that could not be read.
ApiAnswer bad_body(const error_code& error) {
  if (error == NetError::kBodyTooLarge) return error_answer(413, "the body is larger than api.body_max");
  if (error == NetError::kTimedOut) return error_answer(408, "the body did not arrive in time");
  return error_answer(400, "the body is malformed");
}

bool has_body(const HttpRequest& request) {
  const auto length = header_or_empty(request, "Content-Length");
  return request.header("Transfer-Encoding") != nullptr || length.find_first_not_of('0') != std::string_view::npos;
}

HttpResponse to_response(ApiAnswer answer, const std::string& request_id) {
  HttpResponse response;
  response.status = static_cast<int>(answer.status);
  if (!answer.content_type.empty()) response.headers.emplace_back("Content-Type", answer.content_type);
  response.headers.emplace_back(kRequestId, request_id);
  for (auto& header : answer.headers) response.headers.push_back(std::move(header));
  response.body = std::move(answer.body);
  return response;
}

/// Of the filter that the call brings, which the handler will compile.
std::size_t size_of_filter(const ApiCall& call) {
  const auto* member = call.body.if_contains("filter");
  if (member != nullptr && member->is_string()) return std::min(member->get_string().size(), Filter::kMaxSize);
  const auto* parameter = call.query().find("filter");
  return parameter == nullptr ? 0 : std::min(parameter->size(), Filter::kMaxSize);
}

Task<void> wait_to_compile(Shard& shard, std::size_t filter) {
  TaskWork work(shard);
  co_await work.share();
  work.spend(kWorkToCompile * filter);
}

}  // namespace

ApiShard::ApiShard(Shard& shard, const ApiNeeds& needs, const ApiSettings& settings, const AddressGuard& guard,
                   const RouteTable& routes)
    : OnShard(shard),
      settings_(settings),
      routes_(routes),
      tails_(shard, needs.fabric.shard(shard.id())),
      changes_(shard, needs.store, needs.change_timeout),
      parts_{shard,  needs.store, changes_, needs.fabric, needs.drains,  needs.node,
             tails_, settings,    guard,    routes,       needs.backends},
      counts_(routes.routes().size() + 1) {}

Task<void> ApiShard::handle(HttpExchange& exchange) {
  auto request_id = request_id_of(exchange.request(), shard().rng());
  auto match = routes_.find(exchange.request().method, exchange.request().path);
  const Route* const route = match.route;
  auto answer = co_await take(exchange, std::move(match), request_id);
  count(route, answer.status);
  if (!answer.streamed) co_await reply(exchange, std::move(answer), std::move(request_id));
}

HttpResponse ApiShard::refused(int status, std::string sentence) {
  count(nullptr, static_cast<unsigned>(status));
  return to_response(error_answer(static_cast<unsigned>(status), sentence), Uuid::random(shard().rng()).str());
}

Task<void> ApiShard::reply(HttpExchange& exchange, ApiAnswer answer, std::string request_id) {
  auto response = to_response(std::move(answer), request_id);
  co_await exchange.reply(std::move(response));
}

/// Not a coroutine up to the call itself: a tail that waits keeps the call and nothing of how it was checked.
Task<ApiAnswer> ApiShard::take(HttpExchange& exchange, RouteMatch match, const std::string& request_id) {
  const auto& request = exchange.request();
  if (match.route == nullptr) return answered(no_route(match, request.path));
  WorkingFor::mention({Beneficiary::Kind::kCall, static_cast<std::uint32_t>(match.route - routes_.routes().data())});
  Principal who;
  if (auto refused = refusal(request, match, who)) return answered(std::move(*refused));
  return run(std::make_unique<ApiCall>(
      ApiCall{parts_, exchange, *match.route, std::move(match.parameters), std::move(who), {}, request_id}));
}

std::unique_ptr<ApiAnswer> ApiShard::refusal(const HttpRequest& request, const RouteMatch& match,
                                             Principal& who) const {
  const auto& route = *match.route;
  const auto refuse = [](ApiAnswer answer) { return std::make_unique<ApiAnswer>(std::move(answer)); };
  if (route.access != Access::kAnybody) {
    auto caller = authenticate(header_or_empty(request, "Authorization"), settings_.key, parts_.config(),
                               parts_.shard.wall_now());
    if (!caller) return refuse(unauthorized(route.dialect));
    who = std::move(*caller);
  }
  if (route.access == Access::kScope && !who.may(route.scope))
    return refuse(error_answer(403, "this key lacks the scope " + std::string(name_of(route.scope))));
  const auto channel = route.channel_parameter();
  if (channel && !who.may_use(match.parameters[*channel]))
    return refuse(error_answer(403, "this key may not use that channel"));
  if (route.path.starts_with("/v3/drains") && !who.all_channels())
    return refuse(error_answer(403, "this key is limited to some channels; global drains see all"));
  const auto accept = header_or_empty(request, "Accept");
  if (route.answers == Answers::kJson && best_type(accept, {"application/json"}).empty())
    return refuse(error_answer(406, "this call answers application/json"));
  return nullptr;
}

Task<ApiAnswer> ApiShard::run(std::unique_ptr<ApiCall> call) {
  if (call->route.body != nullptr) {
    auto refused = co_await read_body(*call);
    if (refused.status != 200) co_return refused;
  }
  if (const std::size_t filter = size_of_filter(*call); filter != 0) co_await wait_to_compile(shard(), filter);
  auto answer = co_await call->route.handler(*call);
  co_return answer;
}

/// 200 when the body is in call.body.
Task<ApiAnswer> ApiShard::read_body(ApiCall& call) {
  const auto& request = call.http.request();
  const bool is_json = is_media_type(header_or_empty(request, "Content-Type"), "application/json");
  if (has_body(request) && !is_json) co_return error_answer(415, "Content-Type must be application/json");
  const auto text = co_await call.http.read_body(settings_.body_max);
  if (text.has_error()) co_return bad_body(text.error());
  auto body = parse_body(*text, *call.route.body);
  if (body.has_error()) co_return body.error().answer();
  call.body = std::move(*body);
  co_return ApiAnswer();
}

void ApiShard::count(const Route* route, unsigned status) {
  auto& counts = route == nullptr ? counts_.back() : counts_[static_cast<std::size_t>(route - routes_.routes().data())];
  ++counts[std::min<std::size_t>(status / 100, kClasses - 1)];
}

void ApiShard::add_metrics(MetricsPage& page) const {
  const auto routes = routes_.routes();
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const auto name =
        i == routes.size() ? "none" : std::string(to_string(routes[i].method)) + " " + std::string(routes[i].path);
    for (std::size_t c = 2; c < kClasses; ++c)
      if (counts_[i][c] != 0)
        page.counter("sluice_api_requests_total", "Requests answered by the API.", static_cast<double>(counts_[i][c]),
                     {{"route", name}, {"status", std::to_string(c) + "xx"}});
  }
  tails_.add_metrics(page);
}

std::string ApiCall::base_url() const {
  if (!parts.settings.public_url.empty()) {
    auto url = parts.settings.public_url;
    while (url.ends_with('/')) url.pop_back();
    return url;
  }
  const auto host = header_or_empty(http.request(), "Host");
  const bool sane = !host.empty() && host.find_first_not_of(
                                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "0123456789.-_:[]") == std::string_view::npos;
  return "http://" + (sane ? std::string(host) : parts.settings.listen.substr(0, parts.settings.listen.find(',')));
}

Task<ApiAnswer> answered(ApiAnswer answer) { co_return answer; }

Task<ApiAnswer> remove_by(ApiCall& call, Change change) {
  const auto applied = co_await call.parts.changes.make(std::move(change));
  co_return applied.has_error() ? answer_for(applied.error()) : no_content();
}

Api::Api(Runtime& runtime, const ApiNeeds& needs, const ApiSettings& settings, AddressGuard guard)
    : settings_(settings), guard_(std::move(guard)), routes_(api_routes()) {
  std::vector<Tails*> tails;
  for (std::uint32_t id = 0; id < runtime.size(); ++id) {
    shards_.push_back(std::make_unique<ApiShard>(runtime.shard(id), needs, settings_, guard_, routes_));
    tails.push_back(&shards_.back()->tails());
  }
  for (auto* each : tails) each->connect(tails);
}

HttpServerOptions Api::server_options() const {
  HttpServerOptions options;
  options.name = "api.listen";
  options.header_max = settings_.header_max;
  options.request_timeout = settings_.request_timeout;
  options.idle_timeout = settings_.idle_timeout;
  options.stream_stall_timeout = settings_.stream_stall_timeout;
  return options;
}

}  // namespace sluice
