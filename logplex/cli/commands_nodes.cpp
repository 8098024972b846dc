#include <termios.h>
#include <unistd.h>

#include <boost/json/object.hpp>

#include "logplex/base/files.hpp"
#include "logplex/cli/answers.hpp"
#include "logplex/cli/commands.hpp"
#include "logplex/cli/grammar/completion.hpp"
#include "logplex/cli/key_file.hpp"
#include "logplex/cli/requests.hpp"
#include "logplex/cli/view/cli_error.hpp"
#include "logplex/cli/view/node_report.hpp"
#include "logplex/cli/view/times.hpp"

namespace sluice::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view kClearScreen = "\x1b[H\x1b[2J";
constexpr std::size_t kLongestKey = 4096;

ApiRequest status_request() { return plain_request("GET", api_path({"status"})); }

result<void, Error> status(CommandRun& run) {
  SLUICE_TRY(const auto answer, ask(run, status_request()));
  if (run.arguments.json) return print_json(run, answer);
  return run.print(status_text(answer));
}

result<void, Error> top(CommandRun& run) {
  run.world.begin_stream();
  for (std::uint64_t round = 1;; ++round) {
    SLUICE_TRY(const auto answer, ask(run, status_request()));
    if (run.arguments.json) {
      SLUICE_TRY_VOID(print_json(run, answer));
    } else {
      const std::string head = run.world.out_is_terminal ? std::string(kClearScreen) : std::string();
      const std::string title = run.endpoint.str() + "  " + format_time(run.world.clock.wall()) + "\n\n";
      SLUICE_TRY_VOID(run.print(head + title + rates_text(answer)));
    }
    if (round == run.arguments.rounds) return {};
    run.world.sleep(std::chrono::milliseconds(static_cast<long long>(run.arguments.interval_s * 1000)));
  }
}

/// Switches the terminal's echo off while the user types a key.
class EchoOff {
 public:
  explicit EchoOff(int fd) : fd_(fd), changed_(::tcgetattr(fd, &before_) == 0) {
    if (!changed_) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(fd_, TCSAFLUSH, &quiet);
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;
  ~EchoOff() {
    if (changed_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
  }

 private:
  int fd_;
  termios before_{};
  bool changed_;
};

Secret read_key(CommandRun& run) {
  const EchoOff echo_off(run.world.input);
  const bool asks = ::isatty(run.world.input) == 1;
  if (asks) static_cast<void>(run.world.err.write("API key for " + run.endpoint.str() + ": "));
  std::string key;
  char c = 0;
  while (key.size() < kLongestKey && ::read(run.world.input, &c, 1) == 1 && c != '\n') key += c;
  if (asks) static_cast<void>(run.world.err.write("\n"));
  while (key.ends_with('\r') || key.ends_with(' ')) key.pop_back();
  return Secret(key);
}

result<void, Error> keep_key(CommandRun& run, const Secret& key) {
  SystemFiles files;
  SLUICE_TRY(const auto path, KeyFile::path(run.world.environment));
  SLUICE_TRY(auto file, KeyFile::read(files, path));
  file.remember(run.endpoint.str(), key);
  SLUICE_TRY_VOID(file.write(files, path));
  return report(run, json::object{{"url", run.endpoint.str()}, {"file", path}},
                "logged in to " + run.endpoint.str() + "; the key is in " + path);
}

/// Accepts any answer that does not refuse the key: a limited key may not read the status.
result<void, Error> login(CommandRun& run) {
  const bool given =
      !run.arguments.key.empty() || !run.arguments.key_file.empty() || !run.world.environment("SLUICE_API_KEY").empty();
  const Secret key = given ? run.key : read_key(run);
  if (key.empty()) return usage_error("no key given; use --key-file FILE, or write it to the standard input");
  const auto api = run.world.make_api(run.endpoint, Secret("Bearer " + key.reveal()));
  SLUICE_TRY(const auto answer, api->call(status_request()));
  if (answer.status == 401) return cli_error(CliError::kNotAuthorised, run.endpoint.str() + " does not know this key");
  if (answer.status >= 500) return error_of(answer);
  return keep_key(run, key);
}

result<void, Error> completion(CommandRun& run) {
  return run.print(completion_script(run.arguments.subject, command_shapes()));
}

constexpr Command kCommands[] = {{"status", status}, {"top", top}, {"login", login}, {"completion", completion}};

}  // namespace

std::span<const Command> node_commands() { return kCommands; }

}  // namespace sluice::cli
