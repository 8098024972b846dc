#pragma once

#include <string>
#include <string_view>

#include "logplex/net/net_error.hpp"
#include "logplex/net/socket.hpp"
#include "logplex/runtime/shard.hpp"

namespace sluice {

/// A client's socket for one task: each step has a time limit, and the task gives way to others. A client that is
/// always ready would otherwise never let the shard go: after kShare bytes without a wait, the task goes on behind the
/// other handlers.
///
/// Every operation ends with one of: kClosed, kTimedOut, not_enough_memory (told to give up), operation_aborted (the
/// task is cancelled). Lives on its shard, in the object whose task uses it.
class PacedSocket {
 public:
  /// In bytes of copying: about 10 us.
  static constexpr std::size_t kShare = 64 << 10;
  static constexpr std::size_t kLargestRead = 64 << 10;

  PacedSocket(Shard& shard, TcpSocket socket);

  /// The time for all that follows, until end_limit(). After it every operation fails with kTimedOut.
  void limit(Duration time);
  void end_limit() { deadline_.disarm(); }
  bool timed_out() const { return timed_out_; }
  /// As if the time had passed now.
  void time_out();

  /// The read (or send) under way, or the next one, fails with not_enough_memory; those after it go on.
  void give_up_reading();
  void give_up_sending();
  /// Ends a wait that is under way.
  void cancel();
  void shut_down_sending();

  /// Returns when there is something to read, without a buffer.
  Task<error_code> readable();
  /// Appends what is there, at least one byte, to `in`. A socket that waits holds no buffer of its own, and an empty
  /// `in` is freed.
  Task<result<void>> read(std::string& in, std::size_t at_most);
  /// Bytes have arrived that read() has not taken.
  bool has_unread();
  /// Reads without waiting and forgets it; false at the client's end.
  bool discard_some();
  /// Sends both parts, in one piece while the kernel has room. With `stall` each piece that the client takes begins the
  /// time limit anew.
  Task<result<void>> send(std::string_view first, std::string_view second, Duration stall = Duration{0});
  /// Does nothing until the share is used up; then the others go first.
  Task<void> give_way(std::size_t work);

  /// Calls `ready` when there is something to read or the client has gone.
  template <class F>
  void when_readable(F ready) {
    socket_.async_wait(TcpSocket::wait_read, std::move(ready));
  }

 private:
  error_code broken(error_code failed, bool& given_up);
  ssize_t receive(std::string& in, std::size_t at_most);

  Shard& shard_;
  TcpSocket socket_;
  Deadline<&PacedSocket::time_out> deadline_;
  std::size_t used_ = 0;  // since the last wait
  bool timed_out_ = false;
  bool given_up_reading_ = false;
  bool given_up_sending_ = false;
};

}  // namespace sluice
