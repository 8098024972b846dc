#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/slot.hpp"
#include "logplex/model/app.hpp"
#include "logplex/runtime/shard.hpp"
#include "router/endpoint.hpp"
#include "router/shared_count.hpp"

namespace sluice::router {

class BackendConnection;

/// Why a backend's name has no address.
enum class NameTrouble : std::uint8_t { kNone, kNotFound, kTimedOut };

/// Counts idle backend connections of an app on a shard, or of a shard, which may keep only `most`.
struct IdleShare {
  std::uint64_t count = 0;
  std::uint64_t most = 0;

  bool full() const { return count >= most; }
};

/// One backend as one shard sees it: how many of this shard's requests it has, its addresses and which of them are in
/// quarantine, and the open connections to it. The connection used last is taken first, so that few stay in use and the
/// others time out.
///
/// Lives on its shard, owned by RoutingTable. A request holds it from try_hold() to release(). Once it is dropped from
/// the configuration it takes no new requests and is destroyed with its last one. Idle connections over the limit are
/// closed. The hard limit is exact over all shards: `requests` is their common count, used while there is a limit.
class Upstream {
 public:
  Upstream(BackendSlot slot, const Backend& backend, std::shared_ptr<SharedCount> requests);
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;
  ~Upstream();

  /// New limits and weight; the address never changes.
  void update(const Backend& backend);

  BackendSlot slot() const { return slot_; }
  const std::string& name() const { return name_; }
  std::uint32_t weight() const { return weight_; }
  std::uint32_t outstanding() const { return outstanding_; }
  bool at_hard_limit() const { return hard_ != 0 && requests_->count() >= hard_; }
  /// None of its addresses may be tried now.
  bool quarantined(SteadyTime now) const;
  bool usable(SteadyTime now) const { return !at_hard_limit() && !quarantined(now); }
  /// Lower is better: requests per weight. Any backend over its soft limit comes after all that are below theirs.
  std::uint64_t load() const;

  /// False when the backend is at its hard limit.
  bool try_hold() {
    if (hard_ != 0 && !requests_->try_take(hard_)) return false;
    ++outstanding_;
    return true;
  }
  void release() {
    --outstanding_;
    if (hard_ != 0) requests_->give_back();
  }
  /// Puts one of its addresses in quarantine.
  void quarantine(const Endpoint& endpoint, SteadyTime until);
  /// Puts the backend in quarantine while it has no address.
  void quarantine_name(SteadyTime until) { quarantined_until_ = until; }
  void drop();  // left the configuration: closes idle connections
  bool dropped() const { return dropped_; }

  /// The connection used last, or null.
  BackendConnection* take_idle();
  /// Sets the shares that count its idle connections. They outlive it, or its drop().
  void count_idle(IdleShare& of_app, IdleShare& of_shard) { idle_shares_ = {&of_app, &of_shard}; }
  /// False when `limit` connections are idle already, a share is full, or the backend was dropped.
  bool keep_idle(BackendConnection& connection, std::uint64_t limit);
  void forget_idle(BackendConnection& connection);
  std::size_t idle() const { return idle_.size(); }

  // Its addresses. An IP literal is known from the start, a name once it has been resolved.
  const std::string& host() const { return host_; }
  std::uint16_t port() const { return port_; }
  bool is_name() const { return is_name_; }
  /// Made by a key that is limited to channels: loopback addresses are refused unless router.allow_cidrs names them.
  bool guarded() const { return guarded_; }
  const std::vector<Endpoint>& endpoints() const { return endpoints_; }
  /// Known addresses keep their quarantine. When `endpoints` is empty, the known addresses stay, and `trouble` says
  /// why.
  void set_endpoints(std::vector<Endpoint> endpoints, NameTrouble trouble, SteadyTime now);
  /// Index of the first address that may be tried now; endpoints().size() when there is none.
  std::size_t next_endpoint(SteadyTime now) const;
  /// Result and time of the last look-up of the name.
  NameTrouble name_trouble() const { return name_trouble_; }
  SteadyTime looked_up_at() const { return looked_up_at_; }
  /// This address works: it is tried first from now on.
  void prefer(const Endpoint& endpoint);
  SteadyTime resolved_at() const { return resolved_at_; }
  bool resolving = false;

 private:
  BackendSlot slot_;
  std::string name_;
  std::string host_;
  std::uint16_t port_ = 0;
  bool is_name_ = false;
  bool guarded_ = false;
  bool dropped_ = false;
  std::uint32_t soft_ = 0;
  std::uint32_t hard_ = 0;
  std::uint32_t weight_ = 1;
  std::uint32_t outstanding_ = 0;
  SteadyTime quarantined_until_{};  // while it has no address
  SteadyTime resolved_at_{};
  SteadyTime looked_up_at_{};
  NameTrouble name_trouble_ = NameTrouble::kNone;
  std::vector<Endpoint> endpoints_;
  std::vector<BackendConnection*> idle_;
  std::array<IdleShare*, 2> idle_shares_{};
  std::shared_ptr<SharedCount> requests_;
};

}  // namespace sluice::router
