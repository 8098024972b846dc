#include "logplex/api/api_shard.hpp"

#include <algorithm>

#include "logplex/api/frame/accept_header.hpp"
#include "logplex/api/frame/json_body.hpp"
#include "logplex/api/frame/own_site.hpp"
#include "logplex/api/routes.hpp"
#include "logplex/base/metrics.hpp"
#include "logplex/model/config_error.hpp"
#include "logplex/model/decide/change_cost.hpp"
#include "logplex/model/key_hash.hpp"
#include "logplex/runtime/task_work.hpp"
#include "logplex/wire/filter.hpp"

namespace sluice::api {
namespace {

constexpr std::string_view kRequestId = "request-id";
constexpr std::size_t kLongestRequestId = 128;

/// True for letters, digits and a few marks: safe in a header and in a log.
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

/// A caller that sent a key learns that the key is wrong.
ApiAnswer unauthorized(Dialect dialect, bool key_given) {
  const std::string_view sentence =
      key_given ? "this API key is not known here, or it has expired" : "a valid API key is required";
  auto answer = dialect == Dialect::kLegacy ? text_answer(401, "Not Authorized") : error_answer(401, sentence);
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

/// Content types that a page of another site can make a browser send without a preflight (those of HTML forms).
bool is_form(std::string_view content_type) {
  return is_media_type(content_type, "application/x-www-form-urlencoded") ||
         is_media_type(content_type, "multipart/form-data") || is_media_type(content_type, "text/plain");
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
  // Answers contain secrets, lines and text that tenants wrote: no cache may keep them, and no browser may guess their
  // type.
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  for (auto& header : answer.headers) response.headers.push_back(std::move(header));
  response.body = std::move(answer.body);
  return response;
}

/// Size of the filter in the call, which the handler will compile.
std::size_t size_of_filter(const ApiCall& call) {
  const auto* member = call.body.if_contains("filter");
  if (member != nullptr && member->is_string()) return std::min(member->get_string().size(), Filter::kMaxSize);
  const auto* parameter = call.query().find("filter");
  return parameter == nullptr ? 0 : std::min(parameter->size(), Filter::kMaxSize);
}

Task<void> wait_to_compile(const ApiCall& call, std::size_t filter) {
  TaskWork work(call.parts.shard, call.owner());
  co_await work.share();
  call.mention();
  work.spend(kWorkToCompile * filter);
}

Task<checked<boost::json::object>> parse_in_turns(const ApiCall& call, std::string_view text) {
  TaskWork work(call.parts.shard, call.owner());
  BodyReader reader(*call.route.body);
  while (!text.empty()) {
    if (!work.may_go_on()) co_await work.share();
    call.mention();
    const auto piece = text.substr(0, BodyReader::kPiece);
    text.remove_prefix(piece.size());
    work.spend(BodyReader::cost(piece.size()));
    auto taken = reader.take(piece);
    if (taken.has_error()) co_return std::move(taken).error();
  }
  co_return reader.finish();
}

}  // namespace

ApiShard::ApiShard(Shard& shard, const ApiNeeds& needs, const ApiSettings& settings, const AddressGuard& guard,
                   const RouteTable& routes, KeyShares& shares, ChangeLines& lines)
    : OnShard(shard),
      settings_(settings),
      routes_(routes),
      tails_(shard, needs.fabric.shard(shard.id())),
      changes_(shard, needs.store, lines, needs.change_timeout),
      seals_(settings.key),
      streams_(shard),
      parts_{shard,  needs.store, changes_, needs.fabric, needs.drains,   needs.node,        tails_, seals_, streams_,
             shares, settings,    guard,    routes,       needs.backends, needs.certificates},
      counts_(routes.routes().size() + 1) {
  needs.store.feed(shard).add(*this);
}

ApiShard::~ApiShard() { parts_.store.feed(shard()).remove(*this); }

void ApiShard::on_config(const ConfigSnapshot& config, const ChangedKeys& changed) {
  streams_.on_config(config, changed);
  if (rewriting_ || shard().id() != 0) return;
  bool old = false;
  if (changed.everything) config.for_each_key([&old](const ApiKey& key) { old = old || key.old_entry; });
  for (const auto& id : changed.keys) {
    const auto* key = config.key(id);
    old = old || (key != nullptr && key->old_entry);
  }
  if (old) changes_.spawn(rewrite_old_keys());
}

Task<void> ApiShard::rewrite_old_keys() {
  rewriting_ = true;
  for (bool more = true; more;) {
    Change change = RewriteOldKey{};
    const auto applied = co_await changes_.make(std::move(change));
    more = applied.has_value() && applied->created;
  }
  rewriting_ = false;
}

Task<void> ApiShard::handle(HttpExchange& exchange) {
  auto request_id = request_id_of(exchange.request(), shard().rng());
  auto match = routes_.find(exchange.request().method, exchange.request().path);
  const Route* const route = match.route;
  auto answer = co_await take(exchange, std::move(match), request_id);
  count(route, answer.status);
  if (!answer.streamed) co_await reply(exchange, std::move(answer), std::move(request_id));
}

std::string ApiShard::route_name(std::uint32_t number) const {
  const auto routes = routes_.routes();
  if (number >= routes.size()) return {};
  return std::string(to_string(routes[number].method)).append(" ").append(routes[number].path);
}

HttpResponse ApiShard::refused(int status, std::string sentence) {
  count(nullptr, static_cast<unsigned>(status));
  return to_response(error_answer(static_cast<unsigned>(status), sentence), Uuid::random(shard().rng()).str());
}

Task<void> ApiShard::reply(HttpExchange& exchange, ApiAnswer answer, std::string request_id) {
  auto response = to_response(std::move(answer), request_id);
  co_await exchange.reply(std::move(response));
}

/// Not a coroutine, so that a waiting tail keeps the call but no frame of its checks.
Task<ApiAnswer> ApiShard::take(HttpExchange& exchange, RouteMatch match, const std::string& request_id) {
  const auto& request = exchange.request();
  if (match.route == nullptr) return answered(no_route(match, request.path));
  WorkingFor::mention({Beneficiary::Kind::kCall, static_cast<std::uint32_t>(match.route - routes_.routes().data())});
  Principal who;
  if (auto refused = refusal(request, match, who)) return answered(std::move(*refused));
  auto held = parts_.shares.take_call(who);
  if (!held) return answered(share_is_taken());
  if (match.route->access != Access::kAnybody) exchange.note_proven();
  return run(std::make_unique<ApiCall>(ApiCall{
      parts_, exchange, *match.route, std::move(match.parameters), std::move(who), {}, request_id, std::move(*held)}));
}

std::unique_ptr<ApiAnswer> ApiShard::refusal(const HttpRequest& request, const RouteMatch& match, Principal& who) {
  const auto& route = *match.route;
  const auto refuse = [](ApiAnswer answer) { return std::make_unique<ApiAnswer>(std::move(answer)); };
  if (route.access != Access::kAnybody) {
    if (!is_own_site(request, settings_.public_url)) {
      ++cross_site_;
      return refuse(error_answer(403, "the API refuses requests that web pages of other sites make"));
    }
    const auto authorization = header_or_empty(request, "Authorization");
    auto caller = authenticate(authorization, settings_.key, parts_.config(), parts_.shard.wall_now());
    if (!caller) return refuse(unauthorized(route.dialect, !authorization.empty()));
    who = std::move(*caller);
  }
  if (auto refused = no_right(match, who)) return refused;
  const auto accept = header_or_empty(request, "Accept");
  if (route.answers == Answers::kJson && best_type(accept, {"application/json"}).empty())
    return refuse(error_answer(406, "this call answers only with application/json; the Accept header must allow it"));
  return nullptr;
}

std::unique_ptr<ApiAnswer> ApiShard::no_right(const RouteMatch& match, const Principal& who) const {
  const auto& route = *match.route;
  const auto refuse = [](std::string_view why) { return std::make_unique<ApiAnswer>(error_answer(403, why)); };
  if (route.access == Access::kScope && !who.may(route.scope))
    return refuse("this key lacks the scope " + std::string(name_of(route.scope)));
  if (route.access == Access::kAnybody) return nullptr;
  const auto channel = route.channel_parameter();
  if (channel && !who.may_use(parts_.config(), match.parameters[*channel]))
    return refuse("this key may not use that channel");
  if (route.reach == Reach::kAllChannels && !who.all_channels())
    return refuse("this key is limited to some channels, but global drains read all channels");
  return nullptr;
}

Task<ApiAnswer> ApiShard::run(std::unique_ptr<ApiCall> call) {
  if (call->route.body != nullptr) {
    auto refused = co_await read_body(*call);
    if (refused.status != 200) co_return refused;
  }
  if (const std::size_t filter = size_of_filter(*call); filter != 0) co_await wait_to_compile(*call, filter);
  auto answer = co_await call->route.handler(*call);
  co_return answer;
}

/// The status is 200 when the body is in call.body; else this is the answer.
Task<ApiAnswer> ApiShard::read_body(ApiCall& call) {
  const auto& request = call.http.request();
  const auto type = header_or_empty(request, "Content-Type");
  const bool is_json = is_media_type(type, "application/json");
  if ((has_body(request) && !is_json) || is_form(type))
    co_return error_answer(415, "Content-Type must be application/json");
  const auto text = co_await call.http.read_body(settings_.body_max);
  if (text.has_error()) co_return bad_body(text.error());
  call.body_bytes = text->size();
  auto body = co_await parse_in_turns(call, *text);
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
  page.counter("sluice_api_cross_site_refused_total", "Requests refused because a page of another site made them.",
               static_cast<double>(cross_site_));
  page.counter("sluice_api_streams_ended_total",
               "Streams ended because their key, session or channel was deleted or expired.",
               static_cast<double>(streams_.ended()));
  tails_.add_metrics(page);
}

Beneficiary ApiCall::owner() const {
  if (who.id.empty()) return {};
  return {Beneficiary::Kind::kKey, static_cast<std::uint32_t>(hash_of(who.sharer))};
}

Task<result<Applied, Error>> ApiCall::make(Change change) {
  const std::size_t cost = body_bytes + cost_of(change, parts.config());
  return parts.changes.make(std::move(change), owner(), cost, who.id == who.sharer);
}

ApiAnswer ApiCall::refused(const Error& error) const {
  if (error.code != ConfigError::kInvalid || route.body == nullptr) return answer_for(error);
  const std::string_view word = std::string_view(error.message).substr(0, error.message.find_first_of(" :"));
  const auto& fields = route.body->fields;
  const auto field = std::ranges::find(fields, word, &BodyField::name);
  return answer_for(error, field == fields.end() ? std::string_view() : field->name);
}

void ApiCall::mention() const {
  WorkingFor::mention({Beneficiary::Kind::kCall, static_cast<std::uint32_t>(&route - parts.routes.routes().data())});
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
  const auto applied = co_await call.make(std::move(change));
  co_return applied.has_error() ? answer_for(applied.error()) : no_content();
}

Api::Api(Runtime& runtime, const ApiNeeds& needs, const ApiSettings& settings, AddressGuard guard)
    : runtime_(runtime), settings_(settings), guard_(std::move(guard)), routes_(api_routes()), shares_(needs.limits) {
  std::vector<Tails*> tails;
  for (std::uint32_t id = 0; id < runtime.size(); ++id) {
    ShardScope scope(runtime.shard(id));
    shards_.push_back(
        std::make_unique<ApiShard>(runtime.shard(id), needs, settings_, guard_, routes_, shares_, lines_));
    tails.push_back(&shards_.back()->tails());
  }
  for (auto* each : tails) each->connect(tails);
}

Api::~Api() {
  for (std::uint32_t id = 0; id < shards_.size(); ++id) {
    ShardScope scope(runtime_.shard(id));
    shards_[id].reset();
  }
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

}  // namespace sluice::api
