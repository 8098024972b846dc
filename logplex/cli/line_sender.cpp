#include "logplex/cli/line_sender.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "logplex/cli/view/cli_error.hpp"

namespace sluice::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kGiveUpAfter{30'000};
constexpr milliseconds kLongestPause{5'000};

/// Reads some bytes; returns 0 at the end. Waits if somebody made the descriptor non-blocking.
result<std::size_t, Error> read_some(int input, std::array<char, 64 << 10>& buffer) {
  while (true) {
    const ssize_t size = ::read(input, buffer.data(), buffer.size());
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno == EAGAIN) {
      pollfd waiting{input, POLLIN, 0};
      ::poll(&waiting, 1, -1);
    } else if (errno != EINTR) {
      return failure(std::string("cannot read the input: ") + std::strerror(errno));
    }
  }
}

ApiRequest post_request(const std::string& path, const FrameBatch& batch) {
  ApiRequest request;
  request.method = "POST";
  request.target = path;
  request.content_type = "application/logplex-1";
  request.accept = "*/*";
  request.body = batch.body();
  request.headers.emplace_back("Logplex-Msg-Count", std::to_string(batch.frames()));
  return request;
}

}  // namespace

result<void, Error> LineSender::send_all(int input) {
  std::array<char, 64 << 10> buffer;
  std::string line;
  while (true) {
    SLUICE_TRY(const auto size, read_some(input, buffer));
    if (size == 0) break;
    cutter_.feed({buffer.data(), size});
    while (cutter_.take(line)) SLUICE_TRY_VOID(add(line));
    SLUICE_TRY_VOID(post());
  }
  line = cutter_.rest();
  if (!line.empty()) SLUICE_TRY_VOID(add(line));
  return post();
}

result<void, Error> LineSender::add(const std::string& line) {
  batch_.add(line, world_.clock.wall());
  ++waiting_;
  if (!batch_.full()) return {};
  return post();
}

result<void, Error> LineSender::post() {
  if (batch_.frames() == 0) return {};
  const ApiRequest request = post_request(path_, batch_);
  milliseconds waited{0};
  for (milliseconds pause{200};; pause = std::min(pause * 2, kLongestPause)) {
    const auto answer = call_api(*ingress_, request);
    if (answer.has_value()) break;
    if (!retry_helps(answer.error()) || waited >= kGiveUpAfter) {
      Error error = answer.error();
      const bool by_token = path_ == "/logs";
      if (error.code == CliError::kNotAuthorised && by_token) error.message = "the ingress refused the token";
      error.message += fmt::format(" ({} lines were sent)", sent_);
      return error;
    }
    world_.sleep(pause);
    waited += pause;
  }
  sent_ += std::exchange(waiting_, 0);
  batch_.clear();
  return {};
}

}  // namespace sluice::cli
