#include "tests/support/raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstdlib>
#include <mutex>
#include <vector>

#include "logplex/base/check.hpp"

namespace sluice {
namespace {

constexpr int kLimitMs = 10'000;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// Port 0: one that nobody has.
UniqueFd bound_socket(std::uint16_t port) {
  UniqueFd out(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(out.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto address = loopback(port);
  SLUICE_CHECK(::bind(out.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return out;
}

std::uint16_t port_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

void limit_times(int fd) {
  const timeval limit{kLimitMs / 1000, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

std::size_t content_length(std::string_view head) {
  const auto at = head.find("\r\nContent-Length: ");
  return at == std::string_view::npos ? 0 : std::strtoull(head.data() + at + 18, nullptr, 10);
}

}  // namespace

RawClient::RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  limit_times(fd_.fd());
  const auto address = loopback(port);
  if (::connect(fd_.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fd_.reset();
}

RawClient::RawClient(UniqueFd fd) : fd_(std::move(fd)) { limit_times(fd_.fd()); }

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string RawClient::read_some() {
  if (!ahead_.empty()) return std::exchange(ahead_, {});
  std::string buffer(64 << 10, '\0');
  const auto got = ::recv(fd_.fd(), buffer.data(), buffer.size(), 0);
  buffer.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return buffer;
}

std::string RawClient::read_until(std::string_view ending) {
  std::string all;
  for (;;) {
    const auto more = read_some();
    if (more.empty()) return all;
    all += more;
    if (const auto at = all.find(ending); at != std::string::npos) {
      ahead_ = all.substr(at + ending.size());
      all.resize(at + ending.size());
      return all;
    }
  }
}

std::string RawClient::read_bytes(std::size_t size) {
  std::string all;
  while (all.size() < size) {
    const auto more = read_some();
    if (more.empty()) return all;
    all += more;
  }
  ahead_ = all.substr(size);
  all.resize(size);
  return all;
}

std::string RawClient::read_all() {
  std::string all;
  for (auto more = read_some(); !more.empty(); more = read_some()) all += more;
  return all;
}

std::string RawClient::read_response() {
  std::string head = read_until("\r\n\r\n");
  const std::size_t body = content_length(head);
  return head + read_bytes(body);
}

void RawClient::half_close() { ::shutdown(fd_.fd(), SHUT_WR); }

RawListener::RawListener(std::uint16_t port) : fd_(bound_socket(port)), port_(port_of(fd_.fd())) {
  SLUICE_CHECK(::listen(fd_.fd(), 128) == 0);
}

RawClient RawListener::accept() {
  pollfd ready{fd_.fd(), POLLIN, 0};
  ::poll(&ready, 1, kLimitMs);
  return RawClient(UniqueFd(::accept4(fd_.fd(), nullptr, nullptr, SOCK_CLOEXEC)));
}

std::uint16_t free_port() {
  static std::mutex mutex;
  static std::vector<UniqueFd> kept;
  const std::scoped_lock lock(mutex);
  return port_of(kept.emplace_back(bound_socket(0)).fd());
}

}  // namespace sluice
