// Receives what a measured system sends on, and counts it.
//
//   load.sink [--tcp N] [--http N] [--lines N]
//
// Listens on N free loopback ports of each kind and prints them in one line, TCP first. For each line on its input it
// prints one with: messages, distinct messages, repeats, unreadable messages, bytes, HTTP requests, connections
// accepted.
//
// TCP: syslog, octet-counted or ended by a newline. HTTP: POST with Content-Length, answered 200 when the body is
// complete. With --lines every message has to carry "seq=" and ten digits, a number below N, and each port should see
// each number once; without it messages are only counted (TCP).
#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

#include "ops/bench/tools/loopback.hpp"

namespace sluice::load {
namespace {

constexpr std::string_view kMark = "seq=";
constexpr std::size_t kDigits = 10;

struct Counters {
  std::uint64_t messages = 0;
  std::uint64_t distinct = 0;
  std::uint64_t repeats = 0;
  std::uint64_t unreadable = 0;
  std::uint64_t bytes = 0;
  std::uint64_t requests = 0;
  std::uint64_t accepted = 0;
};

/// The numbers that one port has seen.
class Port {
 public:
  Port(std::uint64_t lines, bool http, Counters& counters) : http_(http), counters_(counters), seen_(lines) {}

  bool http() const { return http_; }

  void on_message(std::string_view text) {
    ++counters_.messages;
    if (seen_.empty()) return;
    const std::size_t mark = text.rfind(kMark);
    if (mark == text.npos || text.size() < mark + kMark.size() + kDigits)
      ++counters_.unreadable;
    else
      on_number(text.substr(mark + kMark.size(), kDigits));
  }

  /// Every number in a batch of messages.
  void on_batch(std::string_view body) {
    for (std::size_t at = 0; (at = body.find(kMark, at)) != body.npos; at += kMark.size() + kDigits) {
      if (body.size() < at + kMark.size() + kDigits) break;
      ++counters_.messages;
      on_number(body.substr(at + kMark.size(), kDigits));
    }
  }

 private:
  void on_number(std::string_view digits) {
    std::uint64_t number = 0;
    for (const char digit : digits) number = number * 10 + static_cast<std::uint64_t>(digit - '0');
    if (number >= seen_.size()) {
      ++counters_.unreadable;
    } else if (seen_[number]) {
      ++counters_.repeats;
    } else {
      seen_[number] = true;
      ++counters_.distinct;
    }
  }

  const bool http_;
  Counters& counters_;
  std::vector<bool> seen_;
};

std::size_t read_number(std::string_view text, std::size_t& at) {
  std::size_t value = 0;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9')
    value = value * 10 + static_cast<std::size_t>(text[at++] - '0');
  return value;
}

/// Hands out the complete messages at the front of `bytes` and returns their length.
std::size_t take_syslog(Port& port, std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    std::size_t at = taken;
    const std::size_t size = read_number(bytes, at);
    const bool counted = at > taken;
    if (counted && at == bytes.size()) break;
    const std::size_t begin = counted ? at + 1 : taken;
    const std::size_t end = counted ? begin + size : bytes.find('\n', taken);
    if (end == bytes.npos || end > bytes.size()) break;
    if (end > begin) port.on_message(bytes.substr(begin, end - begin));
    taken = counted ? end : end + 1;
  }
  return taken;
}

std::size_t content_length(std::string head) {
  std::transform(head.begin(), head.end(), head.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
  const std::size_t at = head.find("\r\ncontent-length:");
  return at == head.npos ? 0 : std::strtoul(head.c_str() + at + 17, nullptr, 10);
}

void answer(int fd, std::string_view text) {
  if (::send(fd, text.data(), text.size(), MSG_NOSIGNAL) < 0) std::perror("answer");
}

struct Connection {
  Port& port;
  std::string unread;
  std::size_t body = 0;  // of the HTTP request whose head has been read
  bool has_head = false;
};

std::size_t take_http(Connection& connection, int fd, std::string_view bytes, Counters& counters) {
  std::size_t taken = 0;
  for (;;) {
    const std::string_view rest = bytes.substr(taken);
    if (!connection.has_head) {
      const std::size_t end = rest.find("\r\n\r\n");
      if (end == rest.npos) return taken;
      connection.body = content_length(std::string(rest.substr(0, end + 2)));
      connection.has_head = true;
      if (rest.substr(0, end).find("100-continue") != rest.npos) answer(fd, "HTTP/1.1 100 Continue\r\n\r\n");
      taken += end + 4;
      continue;
    }
    if (rest.size() < connection.body) return taken;
    connection.port.on_batch(rest.substr(0, connection.body));
    taken += connection.body;
    connection.has_head = false;
    ++counters.requests;
    answer(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  }
}

class Sink {
 public:
  explicit Sink(const Arguments& arguments) : epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll")) {
    for (std::uint64_t i = 0; i < arguments.number("--tcp"); ++i) listen(arguments.number("--lines"), false);
    for (std::uint64_t i = 0; i < arguments.number("--http"); ++i) listen(arguments.number("--lines"), true);
    std::printf("\n");
    std::fflush(stdout);
    watch(epoll_, STDIN_FILENO, EPOLLIN);
  }

  void serve() {
    for (;;) {
      epoll_event events[128];
      const int count = ::epoll_wait(epoll_, events, 128, -1);
      for (int i = 0; i < count; ++i) {
        if (!on_event(events[i].data.fd)) return;
      }
    }
  }

 private:
  void listen(std::uint64_t lines, bool http) {
    std::uint16_t number = 0;
    const int fd = listen_on_free(number);
    at(ports_, fd) = std::make_unique<Port>(lines, http, counters_);
    watch(epoll_, fd, EPOLLIN);
    std::printf("%u ", number);
  }

  template <class T>
  static T& at(std::vector<T>& table, int fd) {
    if (table.size() <= static_cast<std::size_t>(fd)) table.resize(static_cast<std::size_t>(fd) + 64);
    return table[static_cast<std::size_t>(fd)];
  }

  bool on_event(int fd) {
    if (fd == STDIN_FILENO) return report();
    if (at(ports_, fd) != nullptr) return accept_all(fd);
    receive(fd);
    return true;
  }

  bool report() {
    char line[256];
    if (::read(STDIN_FILENO, line, sizeof line) <= 0) return false;
    std::printf("%lu %lu %lu %lu %lu %lu %lu\n", counters_.messages, counters_.distinct, counters_.repeats,
                counters_.unreadable, counters_.bytes, counters_.requests, counters_.accepted);
    std::fflush(stdout);
    return true;
  }

  bool accept_all(int listener) {
    for (int fd; (fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
      send_at_once(fd);
      ++counters_.accepted;
      at(connections_, fd) = std::make_unique<Connection>(Connection{*at(ports_, listener), {}, 0, false});
      watch(epoll_, fd, EPOLLIN);
    }
    return true;
  }

  void receive(int fd) {
    static char buffer[256 * 1024];
    const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
      ::close(fd);
      at(connections_, fd) = nullptr;
      return;
    }
    counters_.bytes += static_cast<std::uint64_t>(got);
    take(*at(connections_, fd), fd, {buffer, static_cast<std::size_t>(got)});
  }

  /// Complete messages are read where they were received; only the rest of one is kept.
  void take(Connection& connection, int fd, std::string_view bytes) {
    const bool kept = !connection.unread.empty();
    if (kept) {
      connection.unread += bytes;
      bytes = connection.unread;
    }
    const std::size_t taken =
        connection.port.http() ? take_http(connection, fd, bytes, counters_) : take_syslog(connection.port, bytes);
    if (kept)
      connection.unread.erase(0, taken);
    else
      connection.unread.assign(bytes.substr(taken));
  }

  const int epoll_;
  Counters counters_;
  std::vector<std::unique_ptr<Port>> ports_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace
}  // namespace sluice::load

int main(int argc, char** argv) {
  sluice::load::allow_many_files();
  sluice::load::Sink({argc, argv, {{"--tcp", "0"}, {"--http", "0"}, {"--lines", "0"}}}).serve();
}
