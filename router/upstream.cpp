#include "router/upstream.hpp"

#include <algorithm>

#include "router/backend_connection.hpp"

namespace sluice::router {
namespace {

constexpr std::uint64_t kLoadScale = 1000;
constexpr std::uint64_t kOverSoftLimit = std::uint64_t{1} << 48;

}  // namespace

Upstream::Upstream(BackendSlot slot, const Backend& backend, std::shared_ptr<SharedCount> requests)
    : slot_(slot), name_(backend.name), requests_(std::move(requests)) {
  HostAndPort where = split_address(backend.address);
  host_ = std::move(where.host);
  port_ = where.port;
  boost::system::error_code not_literal;
  const auto literal = boost::asio::ip::make_address(host_, not_literal);
  is_name_ = static_cast<bool>(not_literal);
  if (!is_name_) endpoints_.push_back(make_endpoint(literal, port_));
  update(backend);
}

Upstream::~Upstream() {
  drop();
  if (hard_ != 0) requests_->give_back(outstanding_);
}

void Upstream::update(const Backend& backend) {
  soft_ = backend.soft;
  guarded_ = backend.guarded;
  // The shards count requests together only while there is a hard limit. When the limit appears or disappears, add or
  // remove the requests under way.
  if (hard_ == 0 && backend.hard != 0) requests_->add(outstanding_);
  if (hard_ != 0 && backend.hard == 0) requests_->give_back(outstanding_);
  hard_ = backend.hard;
  weight_ = std::max<std::uint32_t>(1, backend.weight);
}

std::uint64_t Upstream::load() const {
  const std::uint64_t load = (outstanding_ + std::uint64_t{1}) * kLoadScale / weight_;
  return soft_ != 0 && outstanding_ >= soft_ ? load + kOverSoftLimit : load;
}

void Upstream::drop() {
  dropped_ = true;
  while (!idle_.empty()) take_idle()->close();
}

BackendConnection* Upstream::take_idle() {
  if (idle_.empty()) return nullptr;
  BackendConnection* last = idle_.back();
  idle_.pop_back();
  for (IdleShare* const share : idle_shares_) --share->count;
  return last;
}

bool Upstream::keep_idle(BackendConnection& connection, std::uint64_t limit) {
  if (dropped_ || idle_.size() >= limit) return false;
  if (idle_shares_[0]->full() || idle_shares_[1]->full()) return false;
  for (IdleShare* const share : idle_shares_) ++share->count;
  idle_.push_back(&connection);
  return true;
}

void Upstream::forget_idle(BackendConnection& connection) {
  // Connections that end by themselves are usually the least recently used ones, at the front.
  const auto at = std::find(idle_.begin(), idle_.end(), &connection);
  if (at == idle_.end()) return;
  idle_.erase(at);
  for (IdleShare* const share : idle_shares_) --share->count;
}

std::size_t Upstream::next_endpoint(SteadyTime now) const {
  const auto usable = [now](const Endpoint& endpoint) { return !endpoint.quarantined(now); };
  return static_cast<std::size_t>(std::find_if(endpoints_.begin(), endpoints_.end(), usable) - endpoints_.begin());
}

bool Upstream::quarantined(SteadyTime now) const {
  return endpoints_.empty() ? now < quarantined_until_ : next_endpoint(now) == endpoints_.size();
}

void Upstream::quarantine(const Endpoint& endpoint, SteadyTime until) {
  for (Endpoint& known : endpoints_)
    if (same_address(known, endpoint)) known.quarantined_until = until;
}

void Upstream::prefer(const Endpoint& endpoint) {
  for (Endpoint& known : endpoints_)
    if (same_address(known, endpoint)) return std::swap(known, endpoints_.front());
}

void Upstream::set_endpoints(std::vector<Endpoint> endpoints, NameTrouble trouble, SteadyTime now) {
  name_trouble_ = trouble;
  looked_up_at_ = now;
  if (endpoints.empty()) return;  // the addresses known before are better than none
  for (Endpoint& endpoint : endpoints)
    for (const Endpoint& known : endpoints_)
      if (same_address(endpoint, known)) endpoint.quarantined_until = known.quarantined_until;
  endpoints_ = std::move(endpoints);
  resolved_at_ = now;
}

}  // namespace sluice::router
