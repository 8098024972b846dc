#include "logplex/net/http/paced_socket.hpp"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

namespace sluice {

PacedSocket::PacedSocket(Shard& shard, TcpSocket socket)
    : shard_(shard), socket_(std::move(socket)), deadline_(shard.wheel(), *this) {}

void PacedSocket::time_out() {
  timed_out_ = true;
  cancel();
}

void PacedSocket::limit(Duration time) {
  timed_out_ = false;
  deadline_.arm(time);
}

void PacedSocket::give_up_reading() {
  given_up_reading_ = true;
  cancel();
}

void PacedSocket::give_up_sending() {
  given_up_sending_ = true;
  cancel();
}

void PacedSocket::cancel() {
  error_code ignored;
  socket_.cancel(ignored);
}

void PacedSocket::shut_down_sending() {
  error_code ignored;
  socket_.shutdown(TcpSocket::shutdown_send, ignored);
}

/// The error of a failed read or write, as the caller gets it.
error_code PacedSocket::broken(error_code failed, bool& given_up) {
  if (timed_out_) return NetError::kTimedOut;
  if (std::exchange(given_up, false)) return make_error_code(boost::system::errc::not_enough_memory);
  return failed == asio::error::operation_aborted ? failed : make_error_code(NetError::kClosed);
}

Task<void> PacedSocket::give_way(std::size_t work) {
  if ((used_ += work) < kShare) co_return;
  used_ = 0;
  co_await asio::post(shard_.executor(), use_task);
}

Task<error_code> PacedSocket::readable() {
  used_ = 0;
  const auto [failed] = co_await socket_.async_wait(TcpSocket::wait_read, use_tuple);
  co_return failed || timed_out_ || given_up_reading_ ? broken(failed, given_up_reading_) : error_code();
}

/// Reads through a buffer that all connections of the thread share, so that a waiting connection holds no more than it
/// has received. Returns as recv().
ssize_t PacedSocket::receive(std::string& in, std::size_t at_most) {
  static thread_local std::array<char, kLargestRead> buffer;
  const auto got = ::recv(socket_.native_handle(), buffer.data(), std::min(at_most, buffer.size()), MSG_DONTWAIT);
  if (got > 0) in.append(buffer.data(), static_cast<std::size_t>(got));
  return got;
}

Task<result<void>> PacedSocket::read(std::string& in, std::size_t at_most) {
  for (;;) {
    if (timed_out_ || given_up_reading_) co_return broken({}, given_up_reading_);
    const auto got = receive(in, at_most);
    if (got > 0) {
      co_await give_way(static_cast<std::size_t>(got));
      co_return result<void>();
    }
    if (got == 0 || (errno != EAGAIN && errno != EINTR)) co_return broken({}, given_up_reading_);
    if (in.empty()) std::string().swap(in);  // an assignment would keep the buffer
    const error_code failed = co_await readable();
    if (failed) co_return failed;
  }
}

bool PacedSocket::has_unread() {
  int arrived = 0;
  return ::ioctl(socket_.native_handle(), FIONREAD, &arrived) == 0 && arrived > 0;
}

bool PacedSocket::discard_some() {
  char ignored[512];
  const auto got = ::recv(socket_.native_handle(), ignored, sizeof ignored, MSG_DONTWAIT);
  return got > 0 || (got < 0 && errno == EAGAIN);
}

Task<result<void>> PacedSocket::send(std::string_view first, std::string_view second, Duration stall) {
  while (!first.empty() || !second.empty()) {
    if (timed_out_ || given_up_sending_) co_return broken({}, given_up_sending_);
    iovec parts[2] = {{const_cast<char*>(first.data()), first.size()},
                      {const_cast<char*>(second.data()), second.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    const auto sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      const auto of_first = std::min(first.size(), static_cast<std::size_t>(sent));
      first.remove_prefix(of_first);
      second.remove_prefix(static_cast<std::size_t>(sent) - of_first);
      if (stall > Duration{0}) limit(stall);
      co_await give_way(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) co_return broken({}, given_up_sending_);
    used_ = 0;
    const auto [failed] = co_await socket_.async_wait(TcpSocket::wait_write, use_tuple);
    if (failed) co_return broken(failed, given_up_sending_);
  }
  co_return result<void>();
}

}  // namespace sluice
