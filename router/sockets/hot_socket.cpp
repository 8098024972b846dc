#include "router/sockets/hot_socket.hpp"

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>

namespace sluice::router {
namespace {

bool is_transient(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

/// Returns how many bytes the kernel took, 0 when it takes none now, -1 when the connection is broken.
ssize_t send_plain(int fd, std::string_view first, std::string_view second) {
  for (;;) {
    ssize_t sent = 0;
    if (second.empty()) {
      sent = ::send(fd, first.data(), first.size(), MSG_NOSIGNAL);
    } else {
      iovec parts[2] = {{const_cast<char*>(first.data()), first.size()},
                        {const_cast<char*>(second.data()), second.size()}};
      msghdr message{};
      message.msg_iov = parts;
      message.msg_iovlen = 2;
      sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
    }
    if (sent >= 0) return sent;
    if (is_transient(errno)) return 0;
    if (errno != EINTR) return -1;
  }
}

}  // namespace

ReadOutcome HotSocket::read(char* into, std::size_t capacity, std::size_t& got) {
  if (ops_ != nullptr) return ops_->read(fd(), into, capacity, got);
  for (;;) {
    const ssize_t n = ::recv(fd(), into, capacity, 0);
    got = n > 0 ? static_cast<std::size_t>(n) : 0;
    if (n > 0) return ReadOutcome::kBytes;
    if (n == 0) return ReadOutcome::kEnd;
    if (is_transient(errno)) return ReadOutcome::kNothingNow;
    if (errno != EINTR) return ReadOutcome::kBroken;
  }
}

ssize_t HotSocket::send_parts(std::string_view first, std::string_view second) {
  return ops_ == nullptr ? send_plain(fd(), first, second) : ops_->send(fd(), first, second);
}

bool HotSocket::send(std::string_view first, std::string_view second) {
  if (first.empty()) std::swap(first, second);
  if (first.empty()) return true;
  std::size_t sent = 0;
  if (unsent_.empty()) {
    const ssize_t taken = send_parts(first, second);
    if (taken < 0) return false;
    sent = static_cast<std::size_t>(taken);
    if (sent == first.size() + second.size()) return true;
  }
  const std::size_t of_first = sent < first.size() ? sent : first.size();
  const MemoryOwner owner{Shard::current(), MemoryClass::kRouterBodies, holder_};
  unsent_.append(first.substr(of_first), owner);
  unsent_.append(second.substr(sent - of_first), owner);
  // The kernel may still have room for what the ops did not take at once; then no event would come.
  return ops_ == nullptr || flush();
}

bool HotSocket::flush() {
  while (!unsent_.empty()) {
    const ssize_t taken = send_parts(unsent_.view(), {});
    if (taken < 0) return false;
    if (taken == 0) return true;
    unsent_.consume(static_cast<std::size_t>(taken));
  }
  if (ends_when_sent_) shutdown_sending();
  return true;
}

bool HotSocket::has_input() const {
  if (ops_ != nullptr && ops_->has_input()) return true;
  char byte = 0;
  const ssize_t n = ::recv(fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n >= 0 || !is_transient(errno);
}

void HotSocket::shutdown_sending() {
  if (ops_ != nullptr) return ops_->shutdown_sending(fd());
  ::shutdown(fd(), SHUT_WR);
}

void HotSocket::finish_sending() {
  ends_when_sent_ = blocked();
  if (!ends_when_sent_) shutdown_sending();
}

bool HotSocket::has_delivered_all() const {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (blocked() || ::getsockopt(fd(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  int unacknowledged = 0;
  return info.tcpi_state != TCP_CLOSE && ::ioctl(fd(), SIOCOUTQ, &unacknowledged) == 0 && unacknowledged == 0;
}

}  // namespace sluice::router
