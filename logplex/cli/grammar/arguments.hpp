#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

/// Options of `logs` and `tail`.
struct LogArguments {
  std::int64_t lines = -1;  // -1: not given
  bool follow = false;
  std::string source;
  std::string process;
  std::string filter;
  std::string grep;
  std::string level;
  std::string since;
  std::string until;
  bool raw = false;
  std::string colour = "auto";
  std::string timestamps = "utc";
};

/// Options of `drains add`; certificates are file names.
struct DrainArguments {
  std::string format;
  bool durable = false;
  std::string filter;
  std::vector<std::string> headers;
  std::string secret;
  std::string ca_file;
  std::string client_certificate_file;
  std::string client_key_file;
};

/// Options of `send`.
struct SendArguments {
  std::string source = "app";
  std::string process = "send";
  std::string level = "info";
  std::string ingress_url;
};

/// Options of `store ...`; a place is a data directory or the URL of a Redis.
struct StoreArguments {
  std::string from;
  std::string to;
  std::string file;  // empty = standard input or output
  bool dry_run = false;
  std::string secret_key_file;
  std::string ca_file;
  std::string client_certificate_file;
  std::string client_key_file;
};

/// One parsed command line: its form is checked, its meaning not yet. Plain values; each command reads the fields it
/// needs.
struct Arguments {
  std::string command;  // "apps create"
  std::string url;
  std::string key;
  std::string key_file;
  bool json = false;

  std::string app;
  bool global = false;
  std::string subject;                // the one argument: an app, a drain, a token, a shell
  std::vector<std::string> subjects;  // several arguments: domains, backends

  std::vector<std::string> domains;
  std::vector<std::string> backends;
  bool keep_channel = false;
  std::int64_t soft_limit = -1;  // -1: the server's default
  std::int64_t hard_limit = -1;
  std::int64_t weight = -1;

  std::vector<std::string> scopes;
  std::vector<std::string> channels;
  std::string expires_in;
  std::string from;

  DrainArguments drain;
  LogArguments log;
  SendArguments send;
  StoreArguments store;
  double interval_s = 2;
  std::uint64_t rounds = 0;  // 0: until stopped
};

/// A parsed command line, or the text and status with which to end at once (--help, --version, wrong usage).
struct ParsedArguments {
  bool run = false;
  Arguments arguments;
  int status = 0;
  std::string output;  // for stdout
  std::string error;   // for stderr, one line
};

ParsedArguments parse_arguments(const std::vector<std::string>& words);

/// One option, for completion.
struct OptionShape {
  std::string word;  // "--app" or "-a"
  std::string what;
  bool takes_value = false;
};

/// One level of the command tree, for completion and for the test that compares the tree with the commands.
struct CommandShape {
  std::string path;  // "" for the program itself, "drains add"
  std::string what;
  std::vector<std::string> subcommands;
  std::vector<OptionShape> options;
};

std::vector<CommandShape> command_shapes();

}  // namespace sluice::cli
