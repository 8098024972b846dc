#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "logplex/cli/answers.hpp"
#include "logplex/cli/commands.hpp"
#include "logplex/cli/requests.hpp"
#include "logplex/cli/view/json_text.hpp"
#include "logplex/cli/view/table.hpp"

namespace sluice::cli {
namespace {

namespace json = boost::json;

std::string tokens_path(const CommandRun& run) { return api_path({"channels", run.arguments.app, "tokens"}); }

result<void, Error> tokens_create(CommandRun& run) {
  const std::string name = run.arguments.subject.empty() ? "app" : run.arguments.subject;
  SLUICE_TRY(const auto token,
             ask(run, json_request("POST", tokens_path(run), json::serialize(json::object{{"name", name}}))));
  return report(run, token, text_at(token, "token"));
}

result<void, Error> tokens_list(CommandRun& run) {
  SLUICE_TRY(const auto tokens, ask_for_all(run, tokens_path(run)));
  if (run.arguments.json) return print_json(run, tokens);
  Table table({"ID", "NAME"});
  for (const auto& token : tokens) table.add({text_at(token, "id"), text_at(token, "name")});
  return run.print(table.str());
}

result<void, Error> tokens_revoke(CommandRun& run) {
  SLUICE_TRY(const auto tokens, ask_for_all(run, tokens_path(run)));
  SLUICE_TRY(const auto id, id_of(tokens, run.arguments.subject));
  const std::string path = api_path({"channels", run.arguments.app, "tokens", id});
  SLUICE_TRY(const auto answer, ask(run, plain_request("DELETE", path)));
  return report(run, answer, "revoked token " + run.arguments.subject);
}

result<void, Error> keys_create(CommandRun& run) {
  SLUICE_TRY(const auto request, create_key_request(run.arguments));
  SLUICE_TRY(const auto key, ask(run, request));
  return report(run, key, text_at(key, "key"));
}

/// A key without a list of channels may use all of them; a key with an empty list, none.
std::string channels_of(const json::value& key) {
  const auto* channels = member(key, "channels");
  if (channels == nullptr || channels->is_null()) return "all";
  const std::string named = list_at(key, "channels");
  return named.empty() ? "none" : named;
}

std::string expiry_of(const json::value& key) {
  const std::string expires = text_at(key, "expires");
  return expires.empty() ? "never" : expires;
}

result<void, Error> keys_list(CommandRun& run) {
  SLUICE_TRY(const auto keys, ask_for_all(run, api_path({"keys"})));
  if (run.arguments.json) return print_json(run, keys);
  Table table({"ID", "NAME", "SCOPES", "CHANNELS", "EXPIRES"});
  for (const auto& key : keys) {
    table.add({text_at(key, "id"), text_at(key, "name"), list_at(key, "scopes"), channels_of(key), expiry_of(key)});
  }
  return run.print(table.str());
}

result<void, Error> keys_revoke(CommandRun& run) {
  SLUICE_TRY(const auto keys, ask_for_all(run, api_path({"keys"})));
  SLUICE_TRY(const auto id, id_of(keys, run.arguments.subject));
  SLUICE_TRY(const auto answer, ask(run, plain_request("DELETE", api_path({"keys", id}))));
  return report(run, answer, "revoked key " + run.arguments.subject);
}

constexpr Command kCommands[] = {
    {"tokens create", tokens_create}, {"tokens list", tokens_list}, {"tokens revoke", tokens_revoke},
    {"keys create", keys_create},     {"keys list", keys_list},     {"keys revoke", keys_revoke},
};

}  // namespace

std::span<const Command> channel_commands() { return kCommands; }

}  // namespace sluice::cli
