#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "logplex/net/socket.hpp"
#include "router/sockets/byte_queue.hpp"
#include "router/sockets/socket_ops.hpp"

namespace sluice::router {

/// A non-blocking TCP socket of the proxy, with the bytes that the kernel has not accepted yet. send() calls the kernel
/// at once: head and body in one call leave as one segment, and collecting them until the end of a turn measured the
/// same (2026-11-22). The rest waits here until the socket is writable; meanwhile the caller stops reading from the
/// other side.
class HotSocket {
 public:
  /// `holder` is charged for the bytes that wait. `ops`: null for a plain socket.
  explicit HotSocket(MemoryHolder& holder, int fd = -1, std::unique_ptr<SocketOps> ops = nullptr)
      : holder_(holder), fd_(fd), ops_(std::move(ops)) {}

  int fd() const { return fd_.fd(); }
  bool is_open() const { return static_cast<bool>(fd_); }
  void open(int fd) { fd_.reset(fd); }
  void close() {
    fd_.reset();
    ops_.reset();
    ends_when_sent_ = false;
    unsent_.clear();
  }

  /// At most `capacity` bytes to `into`.
  ReadOutcome read(char* into, std::size_t capacity, std::size_t& got);
  /// After kBytes: false when everything was read, unless the peer has closed since. A plain socket is empty after a
  /// short read.
  bool may_have_more(std::size_t got, std::size_t capacity) const { return got == capacity || ops_ != nullptr; }
  /// Sends both parts in order. False when the connection is broken; then nothing more can be sent.
  bool send(std::string_view first, std::string_view second = {});
  /// Sends the waiting bytes. False when the connection is broken.
  bool flush();
  /// True while bytes wait for the peer.
  bool blocked() const { return !unsent_.empty(); }
  /// True when bytes, or the peer's end, can be read right now.
  bool has_input() const;
  void shutdown_sending();
  /// As shutdown_sending(), once all waiting bytes are sent.
  void finish_sending();
  /// The peer has acknowledged everything that was sent. Also false once the connection is reset.
  bool has_delivered_all() const;

 private:
  ssize_t send_parts(std::string_view first, std::string_view second);

  MemoryHolder& holder_;
  UniqueFd fd_;
  std::unique_ptr<SocketOps> ops_;
  bool ends_when_sent_ = false;
  ByteQueue unsent_;
};

}  // namespace sluice::router
