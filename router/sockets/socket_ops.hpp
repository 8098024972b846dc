#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string_view>

namespace sluice::router {

/// Result of a read.
enum class ReadOutcome { kBytes, kNothingNow, kEnd, kBroken };

/// How a HotSocket moves bytes when it does more than read and write them: TLS, for example. One for each connection; a
/// plain socket has none and pays one comparison a call.
///
/// Sockets are watched edge-triggered, so what is buffered here counts too: after kNothingNow nothing is left to read,
/// neither in the kernel nor here. Until then any read may return fewer bytes than it could.
///
/// Lives on its connection's shard, which owns it.
class SocketOps {
 public:
  virtual ~SocketOps() = default;

  /// At most `capacity` bytes to `into`; `got` is 0 unless the outcome is kBytes.
  virtual ReadOutcome read(int fd, char* into, std::size_t capacity, std::size_t& got) = 0;
  /// Returns how many bytes of both parts, in order, were taken for good, at least one; 0 when the kernel takes none
  /// now, so that EPOLLOUT will follow; -1 when the connection is broken. The bytes that were not taken come again, in
  /// order, but perhaps from elsewhere in memory.
  virtual ssize_t send(int fd, std::string_view first, std::string_view second) = 0;
  /// Tells the peer that nothing more will be sent.
  virtual void shutdown_sending(int fd) = 0;
  /// True when bytes are buffered here.
  virtual bool has_input() const = 0;
};

}  // namespace sluice::router
