#include "router/upstream.hpp"

#include <algorithm>

#include "router/backend_connection.hpp"

namespace sluice {
namespace {

constexpr std::uint64_t kLoadScale = 1000;
constexpr std::uint64_t kOverSoftLimit = std::uint64_t{1} << 48;

}  // namespace

Upstream::Upstream(BackendSlot slot, const Backend& backend) : slot_(slot), name_(backend.name) {
  HostAndPort where = split_address(backend.address);
  host_ = std::move(where.host);
  port_ = where.port;
  boost::system::error_code not_literal;
  const auto literal = boost::asio::ip::make_address(host_, not_literal);
  is_name_ = static_cast<bool>(not_literal);
  if (!is_name_) endpoints_.push_back(make_endpoint(literal, port_));
  update(backend);
}

Upstream::~Upstream() { drop(); }

void Upstream::update(const Backend& backend) {
  soft_ = backend.soft;
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
  return last;
}

bool Upstream::keep_idle(BackendConnection& connection, std::uint64_t limit) {
  if (dropped_ || idle_.size() >= limit) return false;
  idle_.push_back(&connection);
  return true;
}

void Upstream::forget_idle(BackendConnection& connection) {
  const auto at = std::find(idle_.begin(), idle_.end(), &connection);
  if (at != idle_.end()) idle_.erase(at);
}

void Upstream::set_endpoints(std::vector<Endpoint> endpoints, SteadyTime now) {
  endpoints_ = std::move(endpoints);
  resolved_at_ = now;
}

}  // namespace sluice
