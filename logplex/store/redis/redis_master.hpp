#pragma once

#include <functional>
#include <memory>
#include <string>

#include "logplex/store/redis/redis_link.hpp"

namespace sluice {

/// Hears from the sentinels which server is the master: at once when it changes (+switch-master), and before a change
/// is answered. Without sentinels it knows nothing, and says so.
///
/// Lives on the store's shard in the store's gate. A sentinel that is away is replaced by the next one.
class RedisMaster {
 public:
  /// `on_switch` is called when another server became the master.
  RedisMaster(Gate& gate, Dialer& dialer, RedisTarget target, std::function<void()> on_switch);

  /// Until cancelled; returns at once without sentinels.
  Task<void> watch();
  /// False when a sentinel names another server than this one ("host:port"). True too when none answers within the
  /// time: then the server's own word is all there is.
  Task<bool> is_master(std::string where, Duration within);
  /// Ends the connections.
  void close();

 private:
  Task<void> listen();
  Task<std::shared_ptr<RedisConnection>> question_link(Duration within);

  Gate& gate_;
  Dialer& dialer_;
  const RedisTarget target_;
  const std::function<void()> on_switch_;
  std::shared_ptr<RedisConnection> questions_;
  std::shared_ptr<RedisConnection> news_;
};

}  // namespace sluice
