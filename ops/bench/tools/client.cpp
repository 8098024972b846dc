// Asks for one path over keep-alive connections, so many times as it is told, and as fast as it is answered.
//
//   load.client [--connections N] [--path /]
//
// Reads lines "PORT COUNT" and prints for each, when COUNT requests to that port have been answered, how many
// microseconds that took. Connections to a port are opened when it is first named and kept until the input ends, so
// that several systems can be asked in turns of fractions of a second.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <string_view>
#include <vector>

#include "ops/bench/tools/loopback.hpp"

namespace sluice::load {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::size_t content_length(std::string head) {
  std::transform(head.begin(), head.end(), head.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
  const std::size_t at = head.find("\r\ncontent-length:");
  return at == head.npos ? 0 : std::strtoul(head.c_str() + at + 17, nullptr, 10);
}

/// The connections to one port.
class Client {
 public:
  Client(std::uint16_t port, std::size_t connections, std::string request)
      : epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll")), request_(std::move(request)) {
    for (std::size_t i = 0; i < connections; ++i) {
      fds_.push_back(connect_to(port));
      watch(epoll_, fds_.back(), EPOLLIN);
    }
    answers_.resize(static_cast<std::size_t>(*std::max_element(fds_.begin(), fds_.end())) + 1);
  }

  void ask(std::uint64_t count) {
    asked_ = answered_ = 0;
    wanted_ = count;
    for (const int fd : fds_) ask_on(fd);
    while (answered_ < wanted_) {
      epoll_event events[256];
      const int ready = ::epoll_wait(epoll_, events, 256, -1);
      for (int i = 0; i < ready; ++i) receive(events[i].data.fd);
    }
  }

 private:
  void ask_on(int fd) {
    if (asked_ == wanted_) return;
    ++asked_;
    if (::send(fd, request_.data(), request_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request_.size())) fail("send");
  }

  void receive(int fd) {
    static char bytes[64 * 1024];
    const ssize_t got = ::recv(fd, bytes, sizeof bytes, 0);
    if (got <= 0) fail("the system closed a connection");
    std::string& answer = answers_[static_cast<std::size_t>(fd)];
    answer.append(bytes, static_cast<std::size_t>(got));
    const std::size_t head = answer.find("\r\n\r\n");
    if (head == answer.npos || answer.size() < head + 4 + content_length(answer.substr(0, head))) return;
    if (!answer.starts_with("HTTP/1.1 200")) fail("not answered with 200");
    answer.clear();
    ++answered_;
    ask_on(fd);
  }

  const int epoll_;
  const std::string request_;
  std::vector<int> fds_;
  std::vector<std::string> answers_;  // what came so far, by descriptor
  std::uint64_t wanted_ = 0;
  std::uint64_t asked_ = 0;
  std::uint64_t answered_ = 0;
};

int run(const Arguments& arguments) {
  const std::string request = "GET " + arguments.text("--path") + " HTTP/1.1\r\nHost: app.test\r\n\r\n";
  std::map<std::uint16_t, std::unique_ptr<Client>> clients;
  std::uint16_t port = 0;
  std::uint64_t count = 0;
  while (std::cin >> port >> count) {
    auto& client = clients[port];
    if (client == nullptr) client = std::make_unique<Client>(port, arguments.number("--connections"), request);
    const auto began = SteadyClock::now();
    client->ask(count);
    const auto taken = std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - began);
    std::printf("%ld\n", static_cast<long>(taken.count()));
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace sluice::load

int main(int argc, char** argv) {
  sluice::load::allow_many_files();
  return sluice::load::run({argc, argv, {{"--connections", "64"}, {"--path", "/p?q=1"}}});
}
