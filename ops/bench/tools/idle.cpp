// Opens connections and leaves them idle, so that their memory can be seen.
//
//   load.idle --port P [--count N] [--path /] [--header LINE] [--stream 0|1]
//
// Each sends one GET. Without --stream it reads the answer (128 bytes of body) and keeps the connection; with it, it
// reads the first bytes of an answer that does not end. Prints how many are open and waits until its input ends.
#include <sys/time.h>

#include <vector>

#include "ops/bench/tools/loopback.hpp"

namespace sluice::load {
namespace {

/// True when the answer came: with `stream` its head, else its head and all of its declared body.
bool answered(int fd, bool stream) {
  const timeval patience{10, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string answer;
  char bytes[16 * 1024];
  for (;;) {
    const ssize_t got = ::recv(fd, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    answer.append(bytes, static_cast<std::size_t>(got));
    const std::size_t head = answer.find("\r\n\r\n");
    if (head == answer.npos) continue;
    if (stream || answer.size() >= head + 4 + 128) return answer.starts_with("HTTP/1.1 200");
  }
}

int run(const Arguments& arguments) {
  const std::string header = arguments.text("--header");
  const std::string request = "GET " + arguments.text("--path") + " HTTP/1.1\r\nHost: app.test\r\n" +
                              (header.empty() ? "" : header + "\r\n") + "\r\n";
  std::size_t open = 0;
  std::vector<int> asked;
  for (std::uint64_t i = 0; i < arguments.number("--count"); ++i) {
    const int fd = connect_to(arguments.port("--port"));
    if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) fail("send");
    asked.push_back(fd);
  }
  for (const int fd : asked) open += answered(fd, arguments.number("--stream") != 0);
  say_and_hold(std::to_string(open));
  return 0;
}

}  // namespace
}  // namespace sluice::load

int main(int argc, char** argv) {
  sluice::load::allow_many_files();
  return sluice::load::run(
      {argc, argv, {{"--port", ""}, {"--count", "4000"}, {"--path", "/"}, {"--header", ""}, {"--stream", "0"}}});
}
