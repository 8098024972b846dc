#pragma once

#include <chrono>
#include <string>

#include "logplex/net/net_error.hpp"
#include "logplex/net/socket.hpp"

namespace sluice {

/// A non-blocking socket, and the longest time (`patience`) that a blocking stream waits on it. Owned by one stream.
class BlockingSocket {
 public:
  BlockingSocket(UniqueFd fd, std::chrono::milliseconds patience) : fd_(std::move(fd)), patience_(patience) {}

  int fd() const { return fd_.fd(); }
  void set_patience(std::chrono::milliseconds patience) { patience_ = patience; }
  /// Waits for POLLIN or POLLOUT. Errors: kTimedOut, or as poll gives them.
  result<void> wait(short events) const;

 private:
  UniqueFd fd_;
  std::chrono::milliseconds patience_;
};

/// Tries the host's addresses in turn, each for up to `patience`.
result<BlockingSocket, Error> connect_socket(const std::string& host, const std::string& port,
                                             std::chrono::milliseconds patience);

}  // namespace sluice
