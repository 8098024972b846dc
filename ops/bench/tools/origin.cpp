// An HTTP/1.1 keep-alive server that costs as little as one can: the backend behind a measured proxy.
//
//   load.origin        listens on a free loopback port and prints it
//
// GET /16k is answered with 16 KiB, everything else with 128 bytes. Requests have no bodies; pipelining is allowed.
#include <string_view>
#include <vector>

#include "ops/bench/tools/loopback.hpp"

namespace sluice::load {
namespace {

std::string response_of(std::size_t size) {
  return "HTTP/1.1 200 OK\r\nServer: origin\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(size) +
         "\r\n\r\n" + std::string(size, 'x');
}

struct Connection {
  std::string unread;
  std::string unsent;
};

class Origin {
 public:
  explicit Origin(int listener) : listener_(listener), epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll")) {
    watch(epoll_, listener_, EPOLLIN);
  }

  [[noreturn]] void serve() {
    for (;;) {
      epoll_event events[256];
      const int count = ::epoll_wait(epoll_, events, 256, -1);
      for (int i = 0; i < count; ++i) on_event(events[i].data.fd);
    }
  }

 private:
  void on_event(int fd) {
    if (fd == listener_)
      accept_all();
    else if (!flush(fd) || !receive(fd))
      close_connection(fd);
  }

  void accept_all() {
    for (int fd; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
      send_at_once(fd);
      if (connections_.size() <= static_cast<std::size_t>(fd)) connections_.resize(static_cast<std::size_t>(fd) + 64);
      connections_[static_cast<std::size_t>(fd)] = {};
      watch(epoll_, fd, EPOLLIN | EPOLLOUT | EPOLLET);
    }
  }

  void close_connection(int fd) {
    ::close(fd);
    connections_[static_cast<std::size_t>(fd)] = {};
  }

  bool flush(int fd) {
    std::string& unsent = connections_[static_cast<std::size_t>(fd)].unsent;
    if (unsent.empty()) return true;
    const ssize_t sent = ::send(fd, unsent.data(), unsent.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    unsent.erase(0, static_cast<std::size_t>(sent));
    return true;
  }

  /// False when the peer has gone.
  bool receive(int fd) {
    static char bytes[64 * 1024];
    for (;;) {
      const ssize_t got = ::recv(fd, bytes, sizeof bytes, 0);
      if (got < 0) return errno == EAGAIN;
      if (got == 0) return false;
      if (!answer(fd, {bytes, static_cast<std::size_t>(got)})) return false;
      if (static_cast<std::size_t>(got) < sizeof bytes) return true;
    }
  }

  bool answer(int fd, std::string_view bytes) {
    Connection& connection = connections_[static_cast<std::size_t>(fd)];
    if (!connection.unread.empty()) {
      connection.unread += bytes;
      bytes = connection.unread;
    }
    std::size_t from = 0;
    for (std::size_t end; (end = bytes.find("\r\n\r\n", from)) != bytes.npos; from = end + 4)
      connection.unsent += bytes.substr(from).starts_with("GET /16k") ? large_ : small_;
    std::string rest(bytes.substr(from));
    connection.unread.swap(rest);
    return flush(fd);
  }

  const int listener_;
  const int epoll_;
  const std::string small_ = response_of(128);
  const std::string large_ = response_of(16 * 1024);
  std::vector<Connection> connections_;
};

}  // namespace
}  // namespace sluice::load

int main() {
  sluice::load::allow_many_files();
  std::uint16_t port = 0;
  sluice::load::Origin origin(sluice::load::listen_on_free(port));
  std::printf("%u\n", port);
  std::fflush(stdout);
  origin.serve();
}
