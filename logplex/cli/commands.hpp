#pragma once

#include <span>
#include <string_view>

#include "logplex/cli/command_run.hpp"

namespace sluice::cli {

/// The function that runs a command of the tree. Its error decides the exit status.
struct Command {
  std::string_view path;
  result<void, Error> (*run)(CommandRun& run);
};

/// The commands of each source file: commands_apps.cpp, commands_channels.cpp, commands_drains.cpp, commands_logs.cpp,
/// commands_nodes.cpp, commands_store.cpp.
std::span<const Command> app_commands();
std::span<const Command> channel_commands();
std::span<const Command> drain_commands();
std::span<const Command> log_commands();
std::span<const Command> node_commands();
std::span<const Command> store_commands();

/// Null if there is no such command.
const Command* find_command(std::string_view path);

/// Reads the arguments, runs the command, and prints its error. Returns the exit status.
int run_program(CommandWorld& world, const std::vector<std::string>& words);

}  // namespace sluice::cli
