#pragma once

#include <span>

#include "logplex/cli/grammar/arguments.hpp"

namespace CLI {
class App;
}

namespace sluice::cli {

/// One command of the tree: what it is called, what --help says, and which options it takes.
struct CommandRow {
  const char* path;
  const char* what;
  const char* examples;                                      // one per line
  void (*add_options)(CLI::App& app, Arguments& arguments);  // may be null
};

/// All commands, in the order in which --help shows them. Groups stand before their commands.
std::span<const CommandRow> command_rows();

}  // namespace sluice::cli
