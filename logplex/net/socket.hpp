#pragma once

#include <unistd.h>

#include <utility>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "logplex/runtime/task.hpp"

namespace sluice {

/// The type of every TCP socket that is not on a Poller: with the shard's own executor type, so without type erasure.
using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

/// Owns a file descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~UniqueFd() { reset(); }

  int fd() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

/// The other end of an accepted connection.
struct Peer {
  asio::ip::address address;
  std::uint16_t port = 0;
};

}  // namespace sluice
