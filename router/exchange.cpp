#include "router/exchange.hpp"

#include "router/backend_connection.hpp"
#include "router/proxy_shard.hpp"

namespace sluice::router {
namespace {

constexpr std::string_view kNoMemory = "memory";

}  // namespace

Exchange::Exchange(ProxyShard& proxy)
    : proxy_(proxy),
      deadline_(proxy.shard().wheel(), *this),
      parked_(proxy.shard(), MemoryClass::kRouterParked, *this) {}

void Exchange::reset(ClientSide& client) {
  client_ = &client;
  connection_ = nullptr;
  upstream_ = nullptr;
  channel_ = proxy_.table().config().router_channel().slot;
  phase_ = Phase::kChoosing;
  reused_ = false;
  request_complete_ = upload_broken_ = response_begun_ = false;
  looked_up_anew_ = false;
  client_ended_ = backend_ended_ = false;
  attempts_ = interim_responses_ = 0;
  connect_code_ = RouterCode::kH21;
  status_ = 0;
  bytes_ = 0;
  desc_ = cause_ = {};
  backoff_ = Duration{0};
  connected_at_.reset();
  connect_ms_.reset();
  choosing_since_ = proxy_.shard().now();
  ++proxy_.counters().active_requests;
}

bool Exchange::begin(ClientSide& client, const RequestHead& request, const ForwardFacts& facts) {
  reset(client);
  request_.write(request, facts, proxy_.shard().rng());
  parked_.set(request_.held());
  return find_app(request) && check_loop() && check_expectation(request) && check_shares();
}

void Exchange::refuse(ClientSide& client, const RequestHead& request, const ForwardFacts& facts, RouterCode code,
                      unsigned status, std::string_view cause) {
  reset(client);
  request_.note(request, facts, proxy_.shard().rng());
  const AppEntry* const app = request.host.empty() ? nullptr : proxy_.table().config().app_by_host(request.host);
  if (app != nullptr) channel_ = app->channel;
  const bool is_documented_case = app != nullptr && code == RouterCode::kH26 && status != 408;
  fail(code, is_documented_case ? "bad header" : cause, status);
}

bool Exchange::find_app(const RequestHead& request) {
  const AppEntry* const app = proxy_.table().config().app_by_host(request.host);
  if (app == nullptr) {
    ++proxy_.counters().unknown_host;
    desc_ = "No such app";
    fail(RouterCode::kNone, {}, 404);
    return false;
  }
  app_ = app->slot;
  channel_ = app->channel;
  WorkingFor::mention({Beneficiary::Kind::kApp, app_.value});
  if (!app->app.features.maintenance) return true;
  fail(RouterCode::kH80);
  return false;
}

/// The app's limits of client connections and of requests; see ops/limits.md.
bool Exchange::check_shares() {
  if (!client_->take_share_of(app_)) {
    fail(RouterCode::kH22);
    return false;
  }
  const std::uint64_t most = proxy_.settings().app_requests;
  const AppRoutes* const routes = most == 0 ? nullptr : proxy_.table().routes(app_);
  if (routes == nullptr) return true;
  if (routes->requests->try_take(most)) {
    app_requests_ = routes->requests;
    return true;
  }
  fail(RouterCode::kH11, "app requests");
  return false;
}

/// A backend that leads back to us, directly or through other proxies, would turn one request into as many as fit into
/// its head.
bool Exchange::check_loop() {
  if (!request_.loops()) return true;
  fail(RouterCode::kH26, "loop", 508);
  return false;
}

bool Exchange::check_expectation(const RequestHead& request) {
  switch (request.expectation) {
    case Expectation::kNone:
    case Expectation::kContinue:
      return true;
    case Expectation::kUnsupported:
      fail(RouterCode::kH26, "unsupported expect header value", 417);
      return false;
    case Expectation::kMalformed:
      fail(RouterCode::kH26, "bad header", 400);
      return false;
  }
  return true;
}

void Exchange::fail(RouterCode code, std::string_view cause, unsigned status) {
  const unsigned page = status != 0 ? status : row_of(code).status;
  cause_ = cause;
  let_go_of_backend();
  const bool client_is_there = page != 0 && page != 499;
  if (!response_begun_ && client_is_there) {
    status_ = page;
    const Answer& answer = proxy_.error_page(page, row_of(code).retry_after, request_.to_head());
    bytes_ += client_->send_head(answer.head(), answer.body(), false);
    return end(code, ExchangeEnd::kClose);
  }
  // The line keeps the status that the client got, unless the code has a status of its own.
  const bool keeps_status = code == RouterCode::kH17 || code == RouterCode::kH18;
  if (!response_begun_ || !keeps_status) status_ = page;
  end(code, ExchangeEnd::kAbort);
}

void Exchange::end(RouterCode code, ExchangeEnd end) {
  write_line(code);
  deadline_.disarm();
  waiting_body_.clear();
  request_.clear();
  parked_.set(0);
  let_go_of_upstream();
  if (app_requests_) app_requests_->give_back();
  app_requests_.reset();
  phase_ = Phase::kIdle;
  --proxy_.counters().active_requests;
  ClientSide* const client = client_;
  proxy_.give_back(*this);
  client->on_exchange_end(end);
}

void Exchange::let_go_of_backend() {
  if (connection_ == nullptr) return;
  BackendConnection* const connection = connection_;
  connection_ = nullptr;
  connection->close();
}

std::int64_t Exchange::milliseconds_since(SteadyTime time) const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(proxy_.shard().now() - time).count();
}

void Exchange::write_line(RouterCode code) {
  RouterLine line;
  line.code = code;
  line.desc = desc_;
  line.cause = cause_;
  line.method = request_.method();
  line.path = request_.target();
  line.host = request_.host();
  line.request_id = request_.request_id();
  line.forwarded_for = request_.forwarded_for();
  if (upstream_ != nullptr) line.dyno = upstream_->name();
  line.connect_ms = connect_ms_;
  if (connected_at_) line.service_ms = milliseconds_since(*connected_at_);
  line.status = status_;
  line.bytes = bytes_;
  line.version = request_.version();
  line.tls = request_.tls();
  proxy_.write_line(channel_, line);
}

void Exchange::on_time() {
  switch (phase_) {
    case Phase::kIdle:
      return;
    case Phase::kChoosing:
      return upstream_ != nullptr ? await_address() : choose_backend();
    case Phase::kConnecting:
      return on_connect_failed(true);
    case Phase::kSending:
      return fail(connection_->blocked() ? RouterCode::kH15 : RouterCode::kH28);
    case Phase::kAwaiting:
      return fail(RouterCode::kH12);
    case Phase::kResponding:
    case Phase::kTunnel:
      return fail(client_->blocked() ? RouterCode::kH28 : RouterCode::kH15);
    case Phase::kServed:
      return await_taking();
  }
}

/// The client does not take these bytes, or it sent them too early.
void Exchange::on_no_memory_for_client() { fail(RouterCode::kH28, kNoMemory, response_begun_ ? 0 : 413); }

void Exchange::on_no_memory_for_backend(MemoryClass of) {
  fail(of == MemoryClass::kRouterHeads ? RouterCode::kH25 : RouterCode::kH15, kNoMemory, response_begun_ ? 0 : 503);
}

MemoryOwner Exchange::memory_owner() { return {proxy_.shard(), MemoryClass::kRouterParked, *this}; }

void Exchange::give_up_memory(MemoryClass) {
  if (phase_ != Phase::kIdle) fail(RouterCode::kH11, kNoMemory);
}

void Exchange::force_close() { fail(RouterCode::kH24); }

}  // namespace sluice::router
