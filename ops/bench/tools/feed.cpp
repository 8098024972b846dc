// Sends numbered syslog messages (RFC 5424, octet-counted as in RFC 6587) over a few connections, as fast as they are
// read or at a rate. Everything is built before the clock starts: the load side shares the machine with what is
// measured.
//
//   load.feed --port P [--lines N] [--size BYTES] [--channels N] [--connections N] [--rate LINES_PER_S] [--names FILE]
//
// Each channel stays on one connection. The app name of channel i is line i of FILE (tokens), or app-i. Every message
// ends in "seq=" and ten digits, by which load.sink finds losses and repeats. Prints "sent" when all is written and
// keeps the connections open until its input ends.
#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>
#include <vector>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "ops/bench/tools/loopback.hpp"

namespace sluice::load {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::size_t kWriteSize = 256 * 1024;

struct Stream {
  std::string bytes;
  std::vector<std::size_t> ends;  // of each message; only kept when paced
  std::size_t sent = 0;
  std::size_t messages_sent = 0;
  int fd = -1;
};

std::vector<std::string> channel_names(const Arguments& arguments) {
  std::vector<std::string> names;
  const std::size_t wanted = arguments.number("--channels");
  if (!arguments.text("--names").empty()) {
    std::ifstream file(arguments.text("--names"));
    for (std::string name; std::getline(file, name);) names.push_back(name);
  }
  for (std::size_t i = names.size(); i < wanted; ++i) names.push_back(fmt::format("app-{:04}", i));
  return names;
}

std::string message(std::uint64_t number, const std::string& name, std::size_t channel, std::size_t size) {
  static const std::string now =
      fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(std::chrono::system_clock::to_time_t(
                                              std::chrono::system_clock::now())));
  std::string text = fmt::format("<190>1 {}.{:06}Z host {} web.{} - - at=info path=/articles/{} ", now,
                                 number % 1000000, name, channel % 7 + 1, number % 977);
  const std::string tail = fmt::format(" seq={:010}", number);
  static constexpr std::string_view kWords = "measure the work and not the wait, ";
  while (text.size() + tail.size() < size)
    text += kWords.substr(0, std::min(kWords.size(), size - text.size() - tail.size()));
  return text + tail;
}

std::vector<Stream> build_streams(const Arguments& arguments) {
  const std::vector<std::string> names = channel_names(arguments);
  const std::uint64_t lines = arguments.number("--lines");
  const std::size_t channels = arguments.number("--channels");
  std::vector<Stream> streams(arguments.number("--connections"));
  for (Stream& stream : streams)
    stream.bytes.reserve((lines / streams.size() + channels) * (arguments.number("--size") + 8));
  std::uint64_t dice = 1;
  for (std::uint64_t number = 0; number < lines; ++number) {
    dice = dice * 6364136223846793005U + 1442695040888963407U;
    const std::size_t channel = (dice >> 33) % channels;
    const std::string text = message(number, names[channel], channel, arguments.number("--size"));
    Stream& stream = streams[channel % streams.size()];
    fmt::format_to(std::back_inserter(stream.bytes), "{} {}", text.size(), text);
    if (arguments.number("--rate") != 0) stream.ends.push_back(stream.bytes.size());
  }
  return streams;
}

/// Writes up to `end`; false when the peer takes no more now.
bool write_until(Stream& stream, std::size_t end) {
  while (stream.sent < end) {
    const std::size_t size = std::min(end - stream.sent, kWriteSize);
    const ssize_t written = ::send(stream.fd, stream.bytes.data() + stream.sent, size, MSG_NOSIGNAL);
    if (written < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (written < 0) fail("send");
    stream.sent += static_cast<std::size_t>(written);
  }
  return true;
}

void flood(std::vector<Stream>& streams) {
  std::vector<pollfd> waiting;
  do {
    waiting.clear();
    for (Stream& stream : streams) {
      const std::size_t piece = std::min(stream.bytes.size(), stream.sent + kWriteSize);
      write_until(stream, piece);
      if (stream.sent < stream.bytes.size()) waiting.push_back({stream.fd, POLLOUT, 0});
    }
    if (!waiting.empty()) ::poll(waiting.data(), waiting.size(), -1);
  } while (!waiting.empty());
}

/// A slice each millisecond, spread over the connections in turn.
void pace(std::vector<Stream>& streams, std::uint64_t rate, std::uint64_t lines) {
  const auto began = SteadyClock::now();
  std::uint64_t sent = 0;
  while (sent < lines) {
    const std::chrono::duration<double> passed = SteadyClock::now() - began;
    const auto due = std::min(lines, static_cast<std::uint64_t>(passed.count() * static_cast<double>(rate)));
    for (std::size_t i = 0; i < streams.size(); ++i) {
      Stream& stream = streams[i];
      const std::size_t left = streams.size() - i;
      const std::size_t share = (due - sent + left - 1) / left;
      const std::size_t last = std::min(stream.messages_sent + share, stream.ends.size());
      if (last == stream.messages_sent) continue;
      while (!write_until(stream, stream.ends[last - 1])) std::this_thread::yield();
      sent += last - stream.messages_sent;
      stream.messages_sent = last;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

int run(const Arguments& arguments) {
  std::vector<Stream> streams = build_streams(arguments);
  for (Stream& stream : streams) {
    stream.fd = connect_to(arguments.port("--port"));
    ::fcntl(stream.fd, F_SETFL, O_NONBLOCK);
  }
  std::puts("ready");
  std::fflush(stdout);
  if (std::getchar() == EOF) return 1;
  if (const std::uint64_t rate = arguments.number("--rate"); rate != 0)
    pace(streams, rate, arguments.number("--lines"));
  else
    flood(streams);
  say_and_hold("sent");
  return 0;
}

}  // namespace
}  // namespace sluice::load

int main(int argc, char** argv) {
  return sluice::load::run({argc, argv,
                            {{"--port", ""}, {"--lines", "1000000"}, {"--size", "200"}, {"--channels", "1000"},
                             {"--connections", "4"}, {"--rate", "0"}, {"--names", ""}}});
}
