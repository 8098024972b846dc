#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "logplex/cli/client/http_api.hpp"
#include "logplex/cli/commands.hpp"

namespace {

/// Ctrl-C and SIGTERM are the normal way to end a tail, so the status is 0. Output is not buffered, so nothing is lost.
void end_quietly(int) { ::_exit(0); }

void on_signal(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  ::sigaction(number, &action, nullptr);
}

/// Lets `sluice tail | head -1` end as soon as head does, not at the next line, which may never come.
void end_with_reader_of(int fd) {
  struct stat kind {};
  if (::fstat(fd, &kind) != 0 || !(S_ISFIFO(kind.st_mode) || S_ISSOCK(kind.st_mode))) return;
  std::thread([fd] {
    pollfd closed{fd, 0, 0};
    while (::poll(&closed, 1, -1) < 0) continue;
    ::_exit(0);
  }).detach();
}

void begin_stream() {
  on_signal(SIGINT, end_quietly);
  on_signal(SIGTERM, end_quietly);
  end_with_reader_of(STDOUT_FILENO);
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  on_signal(SIGPIPE, SIG_IGN);
  sluice::cli::DescriptorOutput out(STDOUT_FILENO);
  sluice::cli::DescriptorOutput err(STDERR_FILENO);
  sluice::SystemClock clock;
  sluice::SystemRng rng;
  sluice::cli::CommandWorld world{out,
                                  err,
                                  clock,
                                  rng,
                                  [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); },
                                  environment,
                                  begin_stream,
                                  sluice::cli::make_http_api,
                                  STDIN_FILENO,
                                  ::isatty(STDOUT_FILENO) == 1,
                                  ::isatty(STDERR_FILENO) == 1};
  return sluice::cli::run_program(world, words);
}
