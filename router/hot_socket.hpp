#pragma once

#include <string_view>

#include "logplex/net/socket.hpp"
#include "router/byte_queue.hpp"

namespace sluice::router {

/// What a read came to.
enum class ReadOutcome { kBytes, kNothingNow, kEnd, kBroken };

/// A non-blocking TCP socket of the proxy path with what the kernel has not taken yet. send() goes to the kernel at
/// once: head and body in one call are one segment, and gathering to the end of a turn measured the same (2026-11-22).
/// The rest waits here until the socket is writable, and whoever feeds it stops reading meanwhile.
class HotSocket {
 public:
  /// `holder` is charged with what waits.
  explicit HotSocket(MemoryHolder& holder, int fd = -1) : holder_(holder), fd_(fd) {}

  int fd() const { return fd_.fd(); }
  bool is_open() const { return static_cast<bool>(fd_); }
  void open(int fd) { fd_.reset(fd); }
  void close() {
    fd_.reset();
    ends_when_sent_ = false;
    unsent_.clear();
  }

  /// At most `capacity` bytes to `into`.
  ReadOutcome read(char* into, std::size_t capacity, std::size_t& got);
  /// Both parts in order. False when the connection is broken; then nothing more can be sent.
  bool send(std::string_view first, std::string_view second = {});
  /// Sends what waits. False when the connection is broken.
  bool flush();
  /// True while bytes wait for the peer.
  bool blocked() const { return !unsent_.empty(); }
  /// True when bytes, or the peer's end, can be read right now.
  bool has_input() const;
  void shutdown_sending();
  /// The same once everything that waits has gone out.
  void finish_sending();
  /// The peer has acknowledged all that was sent. False too once the connection is reset.
  bool has_delivered_all() const;

 private:
  MemoryHolder& holder_;
  UniqueFd fd_;
  bool ends_when_sent_ = false;
  ByteQueue unsent_;
};

}  // namespace sluice::router
