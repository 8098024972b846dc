#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "logplex/net/dial/dns_look_up.hpp"
#include "logplex/net/socket.hpp"

namespace sluice {

/// Runs any number of look-ups at the same time on a thread of its own; none of them blocks it. The caller limits their
/// number.
class DnsEngine final : private DnsSockets {
 public:
  /// Called on the engine's thread, once for each begin().
  using Done = std::function<void(const std::string& name, NameAnswer answer)>;

  /// `servers`: "address[:port]" each; empty = those of the system.
  DnsEngine(const std::string& thread_name, std::vector<std::string> servers, Done done);
  DnsEngine(const DnsEngine&) = delete;
  DnsEngine& operator=(const DnsEngine&) = delete;
  /// Look-ups under way end without a call of `done`.
  ~DnsEngine();

  /// Any thread.
  void begin(std::vector<std::string> names);

 private:
  void on_socket(int fd, DnsLookUp& owner, bool readable, bool writable) override;
  void run();
  bool take_new();
  void wait_for_sockets();
  void tick();
  void deliver_finished();

  const std::vector<std::string> servers_;
  const Done done_;
  UniqueFd epoll_;
  UniqueFd wakeup_;
  std::mutex mutex_;  // guards the next two
  std::vector<std::string> new_;
  bool stopping_ = false;
  // On the engine's thread:
  std::vector<std::unique_ptr<DnsLookUp>> under_way_;
  std::unordered_map<int, DnsLookUp*> sockets_;
  SteadyTime next_tick_{};
  std::thread thread_;
};

}  // namespace sluice
