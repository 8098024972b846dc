#pragma once

#include <span>
#include <string_view>

#include "logplex/cli/command_run.hpp"

namespace sluice::cli {

/// What carries out a command of the tree. Error: decides the exit status.
struct Command {
  std::string_view path;
  result<void, Error> (*run)(CommandRun& run);
};

/// By folder file: commands_apps.cpp, commands_channels.cpp, commands_drains.cpp, commands_logs.cpp,
/// commands_nodes.cpp, commands_store.cpp.
std::span<const Command> app_commands();
std::span<const Command> channel_commands();
std::span<const Command> drain_commands();
std::span<const Command> log_commands();
std::span<const Command> node_commands();
std::span<const Command> store_commands();

/// Null when there is none.
const Command* find_command(std::string_view path);

/// Reads the arguments, runs the command, prints its error; the exit status.
int run_program(CommandWorld& world, const std::vector<std::string>& words);

}  // namespace sluice::cli
