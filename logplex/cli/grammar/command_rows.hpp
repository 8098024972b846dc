#pragma once

#include <span>

#include "logplex/cli/grammar/arguments.hpp"

namespace CLI {
class App;
}

namespace sluice::cli {

/// One command of the tree: its name, its --help text, and its options.
struct CommandRow {
  const char* path;
  const char* what;
  const char* examples;                                      // one per line
  void (*add_options)(CLI::App& app, Arguments& arguments);  // may be null
};

/// All commands, in the order of --help. A group stands before its commands.
std::span<const CommandRow> command_rows();

}  // namespace sluice::cli
