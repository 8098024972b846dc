#pragma once

#include <functional>
#include <memory>
#include <string>

#include "logplex/store/redis/redis_link.hpp"

namespace sluice {

/// Knows from the sentinels which server is the master. Subscribes to changes of the master (+switch-master), and asks
/// before a configuration change is acknowledged. Without sentinels every server counts as the master.
///
/// Lives on the store's shard in the store's gate. When a sentinel is unreachable, it uses the next one.
class RedisMaster {
 public:
  /// `on_switch` is called when another server has become the master.
  RedisMaster(Gate& gate, Dialer& dialer, RedisTarget target, std::function<void()> on_switch);

  /// Runs until cancelled; returns at once without sentinels.
  Task<void> watch();
  /// False when a sentinel names a server other than `where` ("host:port"). Also true when no sentinel replies in time:
  /// then only the server's own role is known.
  Task<bool> is_master(std::string where, Duration within);
  /// Closes the connections.
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
