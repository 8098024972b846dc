#include <initializer_list>

#include "logplex/cli/commands.hpp"
#include "logplex/cli/key_file.hpp"
#include "logplex/cli/view/cli_error.hpp"
#include "logplex/cli/view/terminal_text.hpp"

namespace sluice::cli {
namespace {

constexpr const char* kUsualUrl = "http://127.0.0.1:8001";

std::string first_set(std::initializer_list<std::string> values) {
  for (const auto& value : values) {
    if (!value.empty()) return value;
  }
  return {};
}

/// A key read from a file often ends with a newline.
std::string without_final_blanks(std::string text) {
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

/// The key becomes part of a header, so it must contain nothing that could end the header.
result<void, Error> check_key(const Secret& key) {
  for (const char c : key.reveal()) {
    if (c <= ' ' || c == 0x7f) return usage_error("the API key holds a blank or a control character");
  }
  return {};
}

/// The key from the arguments or the environment; empty if there is none.
result<Secret, Error> given_key(CommandWorld& world, const Arguments& arguments, Files& files) {
  if (!arguments.key.empty() && !arguments.key_file.empty())
    return usage_error("--key and --key-file exclude each other");
  if (arguments.key_file.empty())
    return Secret(without_final_blanks(first_set({arguments.key, world.environment("SLUICE_API_KEY")})));
  SLUICE_TRY(auto text, files.read(arguments.key_file));
  auto key = Secret(without_final_blanks(std::move(text)));
  if (key.empty()) return usage_error("there is no API key in " + arguments.key_file);
  return key;
}

/// Finds the server and the key: from the arguments, then the environment, then the file of `sluice login`.
result<void, Error> find_server(CommandWorld& world, const Arguments& arguments, Endpoint& endpoint, Secret& key) {
  KeyFile file;
  SystemFiles files;
  if (const auto path = KeyFile::path(world.environment); path.has_value()) {
    SLUICE_TRY(file, KeyFile::read(files, *path));
  }
  SLUICE_TRY(endpoint,
             parse_endpoint(first_set({arguments.url, world.environment("SLUICE_URL"), file.last_url(), kUsualUrl})));
  SLUICE_TRY(key, given_key(world, arguments, files));
  if (key.empty()) key = file.key_for(endpoint.str());
  return check_key(key);
}

result<void, Error> run_command(CommandWorld& world, const Arguments& arguments) {
  Endpoint endpoint;
  Secret key;
  SLUICE_TRY_VOID(find_server(world, arguments, endpoint, key));
  const auto api = world.make_api(endpoint, key.empty() ? Secret() : Secret("Bearer " + key.reveal()));
  CommandRun run{world, arguments, endpoint, key, *api};
  const Command* command = find_command(arguments.command);
  if (command == nullptr) return usage_error("unknown command " + arguments.command);
  return command->run(run);
}

}  // namespace

const Command* find_command(std::string_view path) {
  for (const auto commands :
       {app_commands(), channel_commands(), drain_commands(), log_commands(), node_commands(), store_commands()}) {
    for (const auto& command : commands) {
      if (command.path == path) return &command;
    }
  }
  return nullptr;
}

int run_program(CommandWorld& world, const std::vector<std::string>& words) {
  const ParsedArguments parsed = parse_arguments(words);
  if (!parsed.output.empty()) static_cast<void>(world.out.write(parsed.output));
  if (!parsed.error.empty()) static_cast<void>(world.err.write("sluice: " + harmless(parsed.error) + "\n"));
  if (!parsed.run) return parsed.status;
  const auto outcome = run_command(world, parsed.arguments);
  if (outcome.has_value()) return 0;
  const int status = exit_status(outcome.error());
  if (status != 0) static_cast<void>(world.err.write("sluice: " + harmless(outcome.error().text()) + "\n"));
  return status;
}

}  // namespace sluice::cli
