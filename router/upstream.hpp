#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/slot.hpp"
#include "logplex/model/app.hpp"
#include "logplex/runtime/shard.hpp"
#include "router/endpoint.hpp"

namespace sluice {

class BackendConnection;

/// One backend as one shard sees it: how many requests of this shard it has, whether it is in quarantine, where it is,
/// and the connections kept open to it, last used first, so that few stay in use and the others time out.
///
/// Lives on its shard, owned by RoutingTable. A request holds it by hold() and release(); dropped from the
/// configuration it takes no new ones and goes away with its last request. Idle connections over the limit are closed.
class Upstream {
 public:
  Upstream(BackendSlot slot, const Backend& backend);
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;
  ~Upstream();

  /// New limits and weight; the address never changes.
  void update(const Backend& backend);

  BackendSlot slot() const { return slot_; }
  const std::string& name() const { return name_; }
  std::uint32_t weight() const { return weight_; }
  std::uint32_t outstanding() const { return outstanding_; }
  bool at_hard_limit() const { return hard_ != 0 && outstanding_ >= hard_; }
  bool quarantined(SteadyTime now) const { return now < quarantined_until_; }
  bool usable(SteadyTime now) const { return !at_hard_limit() && !quarantined(now); }
  /// Lower is better: requests per weight; over the soft limit comes after everything below it.
  std::uint64_t load() const;

  void hold() { ++outstanding_; }
  void release() { --outstanding_; }
  void quarantine(SteadyTime until) { quarantined_until_ = until; }
  void drop();  // out of the configuration: closes what is idle
  bool dropped() const { return dropped_; }

  /// The connection used last, or null.
  BackendConnection* take_idle();
  /// False when `limit` are idle already, or the backend was dropped.
  bool keep_idle(BackendConnection& connection, std::uint64_t limit);
  void forget_idle(BackendConnection& connection);
  std::size_t idle() const { return idle_.size(); }

  // Where it is. A literal is known from the start; a name when it has been resolved.
  const std::string& host() const { return host_; }
  std::uint16_t port() const { return port_; }
  bool is_name() const { return is_name_; }
  const std::vector<Endpoint>& endpoints() const { return endpoints_; }
  void set_endpoints(std::vector<Endpoint> endpoints, SteadyTime now);
  /// This one works: it is tried first from now on.
  void prefer(std::size_t endpoint) { std::swap(endpoints_.front(), endpoints_[endpoint % endpoints_.size()]); }
  SteadyTime resolved_at() const { return resolved_at_; }
  bool resolving = false;

 private:
  BackendSlot slot_;
  std::string name_;
  std::string host_;
  std::uint16_t port_ = 0;
  bool is_name_ = false;
  bool dropped_ = false;
  std::uint32_t soft_ = 0;
  std::uint32_t hard_ = 0;
  std::uint32_t weight_ = 1;
  std::uint32_t outstanding_ = 0;
  SteadyTime quarantined_until_{};
  SteadyTime resolved_at_{};
  std::vector<Endpoint> endpoints_;
  std::vector<BackendConnection*> idle_;
};

}  // namespace sluice
