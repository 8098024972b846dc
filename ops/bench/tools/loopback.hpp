#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

/// What the load makers share: loopback sockets, command line, counting file descriptors. They end with a message when
/// anything fails, because a benchmark that goes on after a failure measures something else.
namespace sluice::load {

[[noreturn]] inline void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

inline int checked(int value, const char* what) {
  if (value < 0) fail(what);
  return value;
}

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline void send_at_once(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

inline int connect_to(std::uint16_t port) {
  const int fd = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const sockaddr_in to = loopback(port);
  checked(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to), "connect");
  send_at_once(fd);
  return fd;
}

/// Listens on a free port and tells which.
inline int listen_on_free(std::uint16_t& port) {
  const int fd = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  checked(::bind(fd, reinterpret_cast<const sockaddr*>(&address), size), "bind");
  checked(::listen(fd, 4096), "listen");
  checked(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
  port = ntohs(address.sin_port);
  return fd;
}

inline void watch(int epoll, int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  checked(::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

inline void allow_many_files() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// Says the line to who started us and keeps everything open until our input ends.
inline void say_and_hold(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
  while (std::getchar() != EOF) continue;
}

/// "--name value" pairs; what is not asked for is an error.
class Arguments {
 public:
  Arguments(int argc, char** argv, std::map<std::string, std::string> defaults) : values_(std::move(defaults)) {
    for (int i = 1; i < argc; i += 2) {
      const auto known = values_.find(argv[i]);
      if (known == values_.end() || i + 1 == argc) {
        std::fprintf(stderr, "%s: unknown or without value: %s\n", argv[0], argv[i]);
        std::exit(2);
      }
      known->second = argv[i + 1];
    }
  }
  const std::string& text(const std::string& name) const { return values_.at(name); }
  std::uint64_t number(const std::string& name) const { return std::strtoull(text(name).c_str(), nullptr, 10); }
  std::uint16_t port(const std::string& name) const { return static_cast<std::uint16_t>(number(name)); }

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace sluice::load
