#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "logplex/base/result.hpp"

namespace sluice {

/// A hot socket, such as a proxy or syslog connection. Its shard calls on_events() with the events of epoll_wait(2).
class Pollable {
 public:
  virtual void on_events(std::uint32_t events) = 0;

 protected:
  virtual ~Pollable() = default;
};

/// The inner epoll of a shard. A socket is added once, edge-triggered; Asio waits on the epoll descriptor when the
/// shard has nothing else to do. The owner of a Pollable removes it before destroying it; after remove(), no event of
/// the current batch reaches it. One shard.
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

  /// Delivers the events that are ready, at most one batch, and returns their number. Never blocks.
  std::size_t poll();
  int fd() const { return epoll_; }

 private:
  /// An event may be a connection that begins or ends, which takes about 10 us. Further events follow in the next turn;
  /// the kernel returns waiting events in order.
  static constexpr std::size_t kEventsPerTurn = 64;

  int epoll_;
  int ready_ = 0;
  std::array<epoll_event, kEventsPerTurn> batch_;
};

}  // namespace sluice
