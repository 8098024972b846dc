#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "logplex/base/result.hpp"

namespace sluice {

/// A hot socket: proxy and syslog connections. Called on its shard with the events of epoll_wait(2).
class Pollable {
 public:
  virtual void on_events(std::uint32_t events) = 0;

 protected:
  virtual ~Pollable() = default;
};

/// The inner epoll of a shard. Sockets are added once, edge-triggered; Asio waits on its descriptor when the shard has
/// nothing else to do. The owner of a Pollable removes it before it is destroyed; then no event of the current batch
/// reaches it any more. One shard.
class Poller {
 public:
  Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  ~Poller();

  /// Watches for reading, writing and the peer's half-close at once (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET).
  /// Errors: those of epoll_ctl(2), for example no memory.
  result<void> add(int fd, Pollable& pollable);
  void remove(int fd, Pollable& pollable);

  /// Hands out what is ready, at most one batch; returns the number of events. Never blocks.
  std::size_t poll();
  int fd() const { return epoll_; }

 private:
  /// Each event may be a connection that ends or begins, about 10 us, and more come in the next turn. The kernel hands
  /// out those that wait in their order.
  static constexpr std::size_t kEventsPerTurn = 64;

  int epoll_;
  int ready_ = 0;
  std::array<epoll_event, kEventsPerTurn> batch_;
};

}  // namespace sluice
