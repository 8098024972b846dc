#pragma once

#include <string>
#include <string_view>

#include "logplex/net/net_error.hpp"
#include "logplex/net/socket.hpp"
#include "logplex/runtime/shard.hpp"

namespace sluice {

/// A client's socket for one task: each step has a time limit, and the task yields to others. A client that is always
/// ready would otherwise occupy the shard: after kShare bytes without a wait, the task continues behind the other
/// handlers.
///
/// Every operation ends with one of: kClosed, kTimedOut, not_enough_memory (after give_up_reading() or
/// give_up_sending()), operation_aborted (the task is cancelled). Lives on its shard, in the object whose task uses it.
class PacedSocket {
 public:
  /// In bytes of copying: about 10 us.
  static constexpr std::size_t kShare = 64 << 10;
  static constexpr std::size_t kLargestRead = 64 << 10;

  PacedSocket(Shard& shard, TcpSocket socket);

  /// Sets a time limit for all operations until end_limit(). When it has passed, they fail with kTimedOut.
  void limit(Duration time);
  void end_limit() { deadline_.disarm(); }
  bool timed_out() const { return timed_out_; }
  /// Acts as if the time limit had passed now.
  void time_out();

  /// The read (or send) under way, or the next one, fails with not_enough_memory; later ones work again.
  void give_up_reading();
  void give_up_sending();
  /// Ends a wait that is under way.
  void cancel();
  void shut_down_sending();

  /// Waits, without a buffer, until there is something to read.
  Task<error_code> readable();
  /// Appends what has arrived, at least one byte, to `in`. While it waits, it holds no buffer of its own and frees an
  /// empty `in`.
  Task<result<void>> read(std::string& in, std::size_t at_most);
  /// True when bytes have arrived that read() has not taken.
  bool has_unread();
  /// Reads and discards bytes without waiting; false when the client has closed.
  bool discard_some();
  /// Sends both parts, in one piece while the kernel has room. With `stall`, the time limit starts anew with each piece
  /// that the kernel takes.
  Task<result<void>> send(std::string_view first, std::string_view second, Duration stall = Duration{0});
  /// Adds `work` to the task's share; once that is used up, other handlers run first.
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
