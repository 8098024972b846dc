#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

namespace sluice::cli {

/// A program that a test starts, with its output on pipes. Killed at the end of the test if it still runs; every wait
/// gives up after 20 seconds.
class Child {
 public:
  /// `environment` is added to ours, as NAME=VALUE.
  explicit Child(const std::vector<std::string>& words, const std::vector<std::string>& environment = {}) {
    int out[2];
    int err[2];
    if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) become(words, environment, out[1], err[1]);
    ::close(out[1]);
    ::close(err[1]);
    out_ = out[0];
    err_ = err[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    close_output();
    ::close(err_);
  }

  /// Standard output until it contains `text`; what came by then.
  std::string read_until(const std::string& text) {
    while (seen_.find(text) == std::string::npos && read_more(out_, seen_)) continue;
    return seen_;
  }
  /// The rest of the line after the first `text` on standard output.
  std::string read_after(const std::string& text) {
    read_until(text);
    const std::size_t begin = seen_.find(text) + text.size();
    while (seen_.find('\n', begin) == std::string::npos && read_more(out_, seen_)) continue;
    return seen_.substr(begin, seen_.find('\n', begin) - begin);
  }
  std::string errors() {
    std::string text;
    while (read_more(err_, text)) continue;
    return text;
  }
  void close_output() {
    if (out_ >= 0) ::close(out_);
    out_ = -1;
  }
  void signal(int number) { ::kill(pid_, number); }

  /// The exit status; 1000 + the signal that ended it; -1 when it still runs after 20 seconds.
  int wait() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    int status = 0;
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > until) return -1;
      ::usleep(2000);
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }

 private:
  static bool read_more(int fd, std::string& into) {
    pollfd waiting{fd, POLLIN, 0};
    char buffer[4096];
    if (::poll(&waiting, 1, 20'000) <= 0) return false;
    const ssize_t size = ::read(fd, buffer, sizeof buffer);
    if (size > 0) into.append(buffer, static_cast<std::size_t>(size));
    return size > 0;
  }

  [[noreturn]] static void become(const std::vector<std::string>& words, const std::vector<std::string>& environment,
                                  int out, int err) {
    ::dup2(out, STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    for (const auto& setting : environment) {
      const std::size_t equals = setting.find('=');
      ::setenv(setting.substr(0, equals).c_str(), setting.substr(equals + 1).c_str(), 1);
    }
    std::vector<char*> arguments;
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }

  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::string seen_;
};

}  // namespace sluice::cli
