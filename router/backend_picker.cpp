#include "router/backend_picker.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "router/backend_connection.hpp"
#include "router/proxy_shard.hpp"

namespace sluice::router {
namespace {

constexpr Duration kFirstBackoff = std::chrono::milliseconds(50);
constexpr Duration kLongestBackoff = std::chrono::seconds(1);
constexpr Duration kAddressPoll = std::chrono::milliseconds(8);
constexpr Duration kAddressAge = std::chrono::seconds(10);
/// The shortest time between look-ups of a name whose addresses are all in quarantine.
constexpr Duration kLookUpPause = std::chrono::seconds(1);

std::int64_t milliseconds(Duration time) { return std::chrono::duration_cast<std::chrono::milliseconds>(time).count(); }

bool is_our_fault(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS; }

}  // namespace

BackendPicker::BackendPicker(ProxyShard& proxy, Client& client)
    : proxy_(proxy), client_(client), deadline_(proxy.shard().wheel(), *this) {}

void BackendPicker::pick(AppSlot app, bool repeatable) {
  app_ = app;
  repeatable_ = repeatable;
  since_ = proxy_.shard().now();
  connect_code_ = RouterCode::kH21;
  connect_cause_ = {};
  choose();
}

void BackendPicker::retry() {
  ++proxy_.counters().retries;
  connect_ms_.reset();
  connected_at_.reset();
  connect();
}

void BackendPicker::stop() {
  deadline_.disarm();
  state_ = State::kIdle;
  if (connecting_ != nullptr) std::exchange(connecting_, nullptr)->close();
}

void BackendPicker::clear() {
  stop();
  let_go_of_upstream();
  reused_ = false;
  attempts_ = 0;
  backoff_ = Duration{0};
  connected_at_.reset();
  connect_ms_.reset();
}

std::string_view BackendPicker::backend() const {
  return upstream_ != nullptr ? std::string_view(upstream_->name()) : std::string_view();
}

void BackendPicker::let_go_of_upstream() {
  if (upstream_ != nullptr) proxy_.table().release(*std::exchange(upstream_, nullptr));
}

Duration BackendPicker::time_left() const { return proxy_.settings().connect_total - (proxy_.shard().now() - since_); }

std::optional<std::int64_t> BackendPicker::service_ms() const {
  if (!connected_at_) return std::nullopt;
  return milliseconds(proxy_.shard().now() - *connected_at_);
}

void BackendPicker::give_up(RouterCode code, std::string_view cause) {
  stop();
  client_.on_no_backend(code, cause);
}

void BackendPicker::choose() {
  let_go_of_upstream();
  AppRoutes* const routes = proxy_.table().routes(app_);
  if (routes == nullptr || routes->upstreams.empty()) return give_up(RouterCode::kH14);
  upstream_ = hold_one(*routes);
  if (upstream_ != nullptr) return go_to_backend();
  const SteadyTime now = proxy_.shard().now();
  const bool waiting_helps = std::any_of(routes->upstreams.begin(), routes->upstreams.end(),
                                         [&](const Upstream* upstream) { return upstream->quarantined(now); });
  if (!waiting_helps) return give_up(RouterCode::kH11);
  look_up_quarantined(*routes);
  choose_again_later();
}

/// Null when no backend is usable. Another shard may take the last place of the chosen backend; then we choose again.
Upstream* BackendPicker::hold_one(AppRoutes& routes) {
  for (;;) {
    Upstream* const next = routes.choose(proxy_.shard().rng(), proxy_.shard().now());
    if (next == nullptr || next->try_hold()) return next;
  }
}

/// A name may have new addresses by now: they are tried as soon as they are known.
void BackendPicker::look_up_quarantined(const AppRoutes& routes) {
  const SteadyTime now = proxy_.shard().now();
  for (Upstream* const upstream : routes.upstreams) {
    const bool due = upstream->is_name() && now - upstream->looked_up_at() >= kLookUpPause;
    if (due && upstream->quarantined(now)) proxy_.resolve(*upstream, app_, true);
  }
}

/// Every backend is in quarantine: tries again with exponential back-off.
void BackendPicker::choose_again_later() {
  const Duration left = time_left();
  if (left <= Duration{0}) return give_up(RouterCode::kH34);
  backoff_ = std::clamp<Duration>(backoff_ * 2, kFirstBackoff, kLongestBackoff);
  state_ = State::kWaiting;
  deadline_.arm(std::min(backoff_, left));
}

void BackendPicker::go_to_backend() {
  ++attempts_;
  looked_up_anew_ = false;
  BackendConnection* const idle = idle_connection();
  if (idle == nullptr) return connect();
  ++proxy_.counters().backend_reuses;
  reused_ = true;
  connect_ms_ = 0;
  hand_over(*idle);
}

/// For a request that cannot be sent twice, asks the kernel whether the connection is still good.
BackendConnection* BackendPicker::idle_connection() {
  BackendConnection* idle = upstream_->take_idle();
  while (idle != nullptr && !repeatable_ && !idle->is_still_clean()) {
    idle->close();
    idle = upstream_->take_idle();
  }
  return idle;
}

void BackendPicker::hand_over(BackendConnection& connection) {
  state_ = State::kPicked;
  deadline_.disarm();
  connected_at_ = proxy_.shard().now();
  client_.on_backend(connection);
}

void BackendPicker::connect() {
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

bool BackendPicker::target_is_allowed() const {
  const BackendGuard& guard = proxy_.settings().backends;
  if (upstream_->guarded()) return guard.refusal_for_tenants(target_.ip(), target_.port()).empty();
  return guard.allows(target_.ip(), target_.port());
}

void BackendPicker::connect_to_target() {
  state_ = State::kConnecting;
  if (!target_is_allowed()) {
    ++proxy_.counters().backends_refused;
    return on_connect_failed(false, "address refused");
  }
  deadline_.arm(std::min(proxy_.settings().connect, std::max<Duration>(time_left(), Duration{0})));
  connecting_ = new (proxy_.backend_memory()) BackendConnection(proxy_, *upstream_);
  ++proxy_.counters().backend_connects;
  if (connecting_->connect(target_, *this)) return;
  connecting_ = nullptr;
  if (is_our_fault(errno)) return give_up(RouterCode::kH99);
  on_connect_failed(false);
}

/// Waits for the look-up of the backend's name. Rare: once per backend; later look-ups run in the background.
void BackendPicker::await_address() {
  const SteadyTime now = proxy_.shard().now();
  if (upstream_->next_endpoint(now) < upstream_->endpoints().size()) return connect();
  if (!upstream_->resolving) return on_no_address(upstream_->name_trouble());
  if (now - connecting_since_ >= proxy_.settings().connect) return on_no_address(NameTrouble::kTimedOut);
  state_ = State::kResolving;
  deadline_.arm(kAddressPoll);
}

/// The look-up gave no address that can be tried: none at all, or only those that have just failed.
void BackendPicker::on_no_address(NameTrouble trouble) {
  connect_ms_ = milliseconds(proxy_.shard().now() - connecting_since_);
  if (!upstream_->endpoints().empty()) return give_up_backend(connect_code_, connect_cause_);
  upstream_->quarantine_name(proxy_.shard().now() + proxy_.settings().quarantine);
  if (trouble == NameTrouble::kTimedOut) return give_up_backend(RouterCode::kH19, "dns timeout");
  give_up_backend(RouterCode::kH21, "dns not found");
}

void BackendPicker::on_connected() {
  connect_ms_ = milliseconds(proxy_.shard().now() - connecting_since_);
  if (upstream_->endpoints().size() > 1) upstream_->prefer(target_);
  hand_over(*std::exchange(connecting_, nullptr));
}

/// The quarantine applies to one address: another address of the backend is tried at once, also one that a new look-up
/// gives.
void BackendPicker::on_connect_failed(bool timed_out, std::string_view cause) {
  if (connecting_ != nullptr) std::exchange(connecting_, nullptr)->close();
  connect_ms_ = milliseconds(proxy_.shard().now() - connecting_since_);
  const SteadyTime now = proxy_.shard().now();
  upstream_->quarantine(target_, now + proxy_.settings().quarantine);
  connect_code_ = timed_out ? RouterCode::kH19 : RouterCode::kH21;
  connect_cause_ = cause;
  if (time_left() > Duration{0}) {
    if (!timed_out && upstream_->next_endpoint(now) < upstream_->endpoints().size()) return connect();
    if (upstream_->is_name() && !looked_up_anew_) return look_up_anew();
  }
  give_up_backend(connect_code_, cause);
}

void BackendPicker::look_up_anew() {
  looked_up_anew_ = true;
  connecting_since_ = proxy_.shard().now();
  proxy_.resolve(*upstream_, app_, true);
  await_address();
}

/// Tries the next backend; without one, the request fails with this code.
void BackendPicker::give_up_backend(RouterCode code, std::string_view cause) {
  if (!try_next_backend()) return give_up(code, cause);
  connect_ms_.reset();
  choose();
}

bool BackendPicker::try_next_backend() const {
  const AppRoutes* const routes = proxy_.table().routes(app_);
  if (routes == nullptr || time_left() <= Duration{0}) return false;
  return attempts_ < std::min<std::uint64_t>(proxy_.settings().connect_attempts, routes->upstreams.size());
}

void BackendPicker::on_time() {
  switch (state_) {
    case State::kIdle:
    case State::kPicked:
      return;
    case State::kWaiting:
      return choose();
    case State::kResolving:
      return await_address();
    case State::kConnecting:
      return on_connect_failed(true);
  }
}

}  // namespace sluice::router
