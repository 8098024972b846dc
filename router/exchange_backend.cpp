// How an exchange gets a connection: choosing a backend, the pool, connecting, and what happens on failure.
#include <algorithm>
#include <cerrno>

#include "router/backend_connection.hpp"
#include "router/exchange.hpp"
#include "router/proxy_shard.hpp"

namespace sluice::router {
namespace {

constexpr Duration kFirstBackoff = std::chrono::milliseconds(50);
constexpr Duration kLongestBackoff = std::chrono::seconds(1);
constexpr Duration kAddressPoll = std::chrono::milliseconds(8);
constexpr Duration kAddressAge = std::chrono::seconds(10);
/// The shortest time between look-ups of a name whose addresses are all in quarantine.
constexpr Duration kLookUpPause = std::chrono::seconds(1);

bool is_our_fault(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS; }

}  // namespace

void Exchange::start(std::string_view body, bool complete) {
  request_complete_ = complete;
  first_body_ = body;
  if (request_.expects_continue() && body.empty() && !complete) bytes_ += client_->send_continue();
  choose_backend();
  if (phase_ == Phase::kChoosing || phase_ == Phase::kConnecting) waiting_body_.append(first_body_, memory_owner());
  first_body_ = {};
}

void Exchange::let_go_of_upstream() {
  if (upstream_ == nullptr) return;
  Upstream& before = *upstream_;
  upstream_ = nullptr;
  proxy_.table().release(before);
}

Duration Exchange::connect_time_left() const {
  return proxy_.settings().connect_total - (proxy_.shard().now() - choosing_since_);
}

void Exchange::choose_backend() {
  let_go_of_upstream();
  AppRoutes* const routes = proxy_.table().routes(app_);
  if (routes == nullptr || routes->upstreams.empty()) return fail(RouterCode::kH14);
  upstream_ = hold_one(*routes);
  if (upstream_ != nullptr) return go_to_backend();
  const SteadyTime now = proxy_.shard().now();
  const bool waiting_helps = std::any_of(routes->upstreams.begin(), routes->upstreams.end(),
                                         [&](const Upstream* upstream) { return upstream->quarantined(now); });
  if (!waiting_helps) return fail(RouterCode::kH11);
  look_up_quarantined(*routes);
  choose_again_later();
}

/// A name may have new addresses by now: they are tried as soon as they are known.
void Exchange::look_up_quarantined(const AppRoutes& routes) {
  const SteadyTime now = proxy_.shard().now();
  for (Upstream* const upstream : routes.upstreams) {
    const bool due = upstream->is_name() && now - upstream->looked_up_at() >= kLookUpPause;
    if (due && upstream->quarantined(now)) proxy_.resolve(*upstream, app_, true);
  }
}

/// Null when no backend is usable. Another shard may take the last place of the chosen backend; then we choose again.
Upstream* Exchange::hold_one(AppRoutes& routes) {
  for (;;) {
    Upstream* const next = routes.choose(proxy_.shard().rng(), proxy_.shard().now());
    if (next == nullptr || next->try_hold()) return next;
  }
}

/// Every backend is in quarantine: tries again with exponential back-off.
void Exchange::choose_again_later() {
  const Duration left = connect_time_left();
  if (left <= Duration{0}) return fail(RouterCode::kH34);
  backoff_ = std::clamp<Duration>(backoff_ * 2, kFirstBackoff, kLongestBackoff);
  phase_ = Phase::kChoosing;
  deadline_.arm(std::min(backoff_, left));
}

void Exchange::go_to_backend() {
  Upstream& upstream = *upstream_;
  ++attempts_;
  looked_up_anew_ = false;
  connection_ = upstream.take_idle();
  // For a request that cannot be sent twice, ask the kernel whether the connection is still good.
  while (connection_ != nullptr && !request_.repeatable() && !connection_->is_still_clean()) {
    connection_->close();
    connection_ = upstream.take_idle();
  }
  if (connection_ == nullptr) return connect();
  ++proxy_.counters().backend_reuses;
  reused_ = true;
  connect_ms_ = 0;
  connected_at_ = proxy_.shard().now();
  connection_->attach(*this);
  send_request();
}

void Exchange::connect() {
  reused_ = false;
  connecting_since_ = proxy_.shard().now();
  const bool stale = upstream_->is_name() && proxy_.shard().now() - upstream_->resolved_at() > kAddressAge;
  if (stale || upstream_->endpoints().empty()) proxy_.resolve(*upstream_, app_);
  if (upstream_->endpoints().empty()) return await_address();
  // A retry connects even when all addresses are in quarantine.
  const std::size_t next = upstream_->next_endpoint(proxy_.shard().now());
  target_ = upstream_->endpoints()[next < upstream_->endpoints().size() ? next : 0];
  connect_to_target();
}

bool Exchange::target_is_allowed() const {
  const BackendGuard& guard = proxy_.settings().backends;
  if (upstream_->guarded()) return guard.refusal_for_tenants(target_.ip(), target_.port()).empty();
  return guard.allows(target_.ip(), target_.port());
}

void Exchange::connect_to_target() {
  phase_ = Phase::kConnecting;
  if (!target_is_allowed()) {
    ++proxy_.counters().backends_refused;
    return on_connect_failed(false, "address refused");
  }
  deadline_.arm(std::min(proxy_.settings().connect, std::max<Duration>(connect_time_left(), Duration{0})));
  connection_ = new (proxy_.backend_memory()) BackendConnection(proxy_, *upstream_);
  ++proxy_.counters().backend_connects;
  if (connection_->connect(target_, *this)) return;
  connection_ = nullptr;
  if (is_our_fault(errno)) return fail(RouterCode::kH99);
  on_connect_failed(false);
}

/// Waits for the look-up of the backend's name. Rare: once per backend; later look-ups run in the background.
void Exchange::await_address() {
  const SteadyTime now = proxy_.shard().now();
  if (upstream_->next_endpoint(now) < upstream_->endpoints().size()) return connect();
  if (!upstream_->resolving) return on_no_address(upstream_->name_trouble());
  if (now - connecting_since_ >= proxy_.settings().connect) return on_no_address(NameTrouble::kTimedOut);
  phase_ = Phase::kChoosing;
  deadline_.arm(kAddressPoll);
}

/// The look-up gave no address that can be tried: none at all, or only those that have just failed.
void Exchange::on_no_address(NameTrouble trouble) {
  connect_ms_ = milliseconds_since(connecting_since_);
  if (!upstream_->endpoints().empty()) return give_up_backend(connect_code_, connect_cause_);
  upstream_->quarantine_name(proxy_.shard().now() + proxy_.settings().quarantine);
  if (trouble == NameTrouble::kTimedOut) return give_up_backend(RouterCode::kH19, "dns timeout");
  give_up_backend(RouterCode::kH21, "dns not found");
}

void Exchange::on_connected() {
  connect_ms_ = milliseconds_since(connecting_since_);
  connected_at_ = proxy_.shard().now();
  if (upstream_->endpoints().size() > 1) upstream_->prefer(target_);
  send_request();
}

/// The quarantine applies to one address: another address of the backend is tried at once, also one that a new look-up
/// gives.
void Exchange::on_connect_failed(bool timed_out, std::string_view cause) {
  let_go_of_backend();
  connect_ms_ = milliseconds_since(connecting_since_);
  const SteadyTime now = proxy_.shard().now();
  upstream_->quarantine(target_, now + proxy_.settings().quarantine);
  connect_code_ = timed_out ? RouterCode::kH19 : RouterCode::kH21;
  connect_cause_ = cause;
  if (connect_time_left() > Duration{0}) {
    if (!timed_out && upstream_->next_endpoint(now) < upstream_->endpoints().size()) return connect();
    if (upstream_->is_name() && !looked_up_anew_) return look_up_anew();
  }
  give_up_backend(connect_code_, cause);
}

void Exchange::look_up_anew() {
  looked_up_anew_ = true;
  connecting_since_ = proxy_.shard().now();
  proxy_.resolve(*upstream_, app_, true);
  await_address();
}

/// Tries the next backend; without one, the request fails with this code.
void Exchange::give_up_backend(RouterCode code, std::string_view cause) {
  if (!try_next_backend()) return fail(code, cause);
  connect_ms_.reset();
  choose_backend();
}

bool Exchange::try_next_backend() const {
  const AppRoutes* const routes = proxy_.table().routes(app_);
  if (routes == nullptr || connect_time_left() <= Duration{0}) return false;
  return attempts_ < std::min<std::uint64_t>(proxy_.settings().connect_attempts, routes->upstreams.size());
}

/// A pooled connection turned out to be closed. The request is sent again only if it may be repeated and no response
/// has begun. It then uses a new connection, so this happens once.
bool Exchange::retry_on_fresh_connection() {
  if (!reused_ || !request_.repeatable() || response_begun_) return false;
  let_go_of_backend();
  ++proxy_.counters().retries;
  connect_ms_.reset();
  connected_at_.reset();
  connect();
  return true;
}

}  // namespace sluice::router
