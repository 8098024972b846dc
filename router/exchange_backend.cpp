// How an exchange comes to a connection: choice, pool, connecting, and what happens when that fails.
#include <algorithm>
#include <cerrno>

#include "router/backend_connection.hpp"
#include "router/exchange.hpp"
#include "router/proxy_shard.hpp"

namespace sluice {
namespace {

constexpr Duration kFirstBackoff = std::chrono::milliseconds(50);
constexpr Duration kLongestBackoff = std::chrono::seconds(1);
constexpr Duration kAddressPoll = std::chrono::milliseconds(8);
constexpr Duration kAddressAge = std::chrono::seconds(10);

bool is_our_fault(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS; }

}  // namespace

void Exchange::start(std::string_view body, bool complete) {
  request_complete_ = complete;
  first_body_ = body;
  if (expects_continue_ && body.empty() && !complete) bytes_ += client_->send_continue();
  choose_backend();
  if (phase_ == Phase::kChoosing || phase_ == Phase::kConnecting) waiting_body_.append(first_body_);
  first_body_ = {};
}

void Exchange::use(Upstream* upstream) {
  if (upstream_ != nullptr) {
    Upstream& before = *upstream_;
    upstream_ = nullptr;
    proxy_.table().release(before);
  }
  upstream_ = upstream;
  if (upstream_ != nullptr) upstream_->hold();
}

Duration Exchange::connect_time_left() const {
  return proxy_.settings().connect_total - (proxy_.shard().now() - choosing_since_);
}

void Exchange::choose_backend() {
  AppRoutes* const routes = proxy_.table().routes(app_);
  if (routes == nullptr || routes->upstreams.empty()) {
    use(nullptr);
    return fail(RouterCode::kH14);
  }
  Upstream* const next = routes->choose(proxy_.shard().rng(), proxy_.shard().now());
  if (next != nullptr) return go_to(*next);
  use(nullptr);
  const SteadyTime now = proxy_.shard().now();
  const bool waiting_helps = std::any_of(routes->upstreams.begin(), routes->upstreams.end(),
                                         [&](const Upstream* upstream) { return upstream->quarantined(now); });
  if (!waiting_helps) return fail(RouterCode::kH11);
  choose_again_later();
}

/// Every backend is in quarantine: looks again, less and less often.
void Exchange::choose_again_later() {
  const Duration left = connect_time_left();
  if (left <= Duration{0}) return fail(RouterCode::kH34);
  backoff_ = std::clamp<Duration>(backoff_ * 2, kFirstBackoff, kLongestBackoff);
  phase_ = Phase::kChoosing;
  deadline_.arm(std::min(backoff_, left));
}

void Exchange::go_to(Upstream& upstream) {
  use(&upstream);
  ++attempts_;
  endpoint_ = 0;
  connection_ = upstream.take_idle();
  // A request that cannot be sent twice asks the kernel whether the connection is still good.
  while (connection_ != nullptr && !may_retry_ && !connection_->is_still_clean()) {
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
  phase_ = Phase::kConnecting;
  deadline_.arm(std::min(proxy_.settings().connect, std::max<Duration>(connect_time_left(), Duration{0})));
  connection_ = new (proxy_.backend_memory()) BackendConnection(proxy_, *upstream_);
  ++proxy_.counters().backend_connects;
  const auto& endpoint = upstream_->endpoints()[endpoint_ % upstream_->endpoints().size()];
  if (connection_->connect(endpoint, *this)) return;
  connection_ = nullptr;
  if (is_our_fault(errno)) return fail(RouterCode::kH99);
  on_connect_failed(false);
}

/// The backend's name is being looked up. Rare: once per backend, then in the background.
void Exchange::await_address() {
  if (!upstream_->endpoints().empty()) return connect();
  if (!upstream_->resolving) return on_connect_failed(false);
  if (proxy_.shard().now() - connecting_since_ >= proxy_.settings().connect) return on_connect_failed(true);
  phase_ = Phase::kChoosing;
  deadline_.arm(kAddressPoll);
}

void Exchange::on_connected() {
  connect_ms_ = milliseconds_since(connecting_since_);
  connected_at_ = proxy_.shard().now();
  if (endpoint_ != 0) upstream_->prefer(endpoint_);
  endpoint_ = 0;
  send_request();
}

void Exchange::on_connect_failed(bool timed_out) {
  let_go_of_backend();
  last_connect_timed_out_ = timed_out;
  connect_ms_ = milliseconds_since(connecting_since_);
  if (!timed_out && ++endpoint_ < upstream_->endpoints().size()) return connect();
  upstream_->quarantine(proxy_.shard().now() + proxy_.settings().quarantine);
  if (!try_next_backend()) return fail(timed_out ? RouterCode::kH19 : RouterCode::kH21);
  connect_ms_.reset();
  choose_backend();
}

bool Exchange::try_next_backend() const {
  const AppRoutes* const routes = proxy_.table().routes(app_);
  if (routes == nullptr || connect_time_left() <= Duration{0}) return false;
  return attempts_ < std::min<std::uint64_t>(proxy_.settings().connect_attempts, routes->upstreams.size());
}

/// A pooled connection turned out to be closed. Only a request that may be repeated, of which no answer has begun, goes
/// out again, and on a new connection, so that it happens once.
bool Exchange::retry_on_fresh_connection() {
  if (!reused_ || !may_retry_ || response_begun_) return false;
  let_go_of_backend();
  ++proxy_.counters().retries;
  connect_ms_.reset();
  connected_at_.reset();
  connect();
  return true;
}

}  // namespace sluice
