#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "logplex/base/files.hpp"
#include "logplex/cli/answers.hpp"
#include "logplex/cli/commands.hpp"
#include "logplex/cli/requests.hpp"
#include "logplex/cli/view/cli_error.hpp"
#include "logplex/cli/view/drain_report.hpp"
#include "logplex/cli/view/json_text.hpp"

namespace sluice::cli {
namespace {

namespace json = boost::json;

result<std::string, Error> read_file(const std::string& path) {
  if (path.empty()) return std::string();
  SystemFiles files;
  auto text = files.read(path);
  if (text.has_error()) return usage_error(text.error().text());
  return text;
}

result<DrainFiles, Error> read_drain_files(const DrainArguments& drain) {
  DrainFiles files;
  SLUICE_TRY(files.ca, read_file(drain.ca_file));
  SLUICE_TRY(files.client_certificate, read_file(drain.client_certificate_file));
  SLUICE_TRY(files.client_key, read_file(drain.client_key_file));
  return files;
}

/// The API takes a drain's id or token; a URL is looked up in the list.
result<std::string, Error> named_drain(CommandRun& run) {
  const std::string& wanted = run.arguments.subject;
  if (wanted.find("://") == std::string::npos) return wanted;
  SLUICE_TRY(const auto drains, ask_for_all(run, drains_path(run.arguments)));
  SLUICE_TRY(auto id, id_of(drains, wanted));
  if (id == wanted) return failure("no drain has this URL; 'sluice drains list' shows them");
  return id;
}

result<void, Error> drains_add(CommandRun& run) {
  SLUICE_TRY(const auto files, read_drain_files(run.arguments.drain));
  SLUICE_TRY(const auto request, add_drain_request(run.arguments, files));
  SLUICE_TRY(const auto drain, ask(run, request));
  return report(run, drain, "added drain " + text_at(drain, "id") + " (" + text_at(drain, "token") + ")");
}

result<void, Error> drains_list(CommandRun& run) {
  SLUICE_TRY(const auto drains, ask_for_all(run, drains_path(run.arguments)));
  if (run.arguments.json) return print_json(run, drains);
  return run.print(drains.empty() ? "no drains; add one with 'sluice drains add URL'\n" : drain_table(drains));
}

result<void, Error> drains_show(CommandRun& run) {
  SLUICE_TRY(const auto id, named_drain(run));
  SLUICE_TRY(const auto drain, ask(run, plain_request("GET", drains_path(run.arguments, id))));
  if (run.arguments.json) return print_json(run, drain);
  return run.print(drain_facts(drain));
}

result<void, Error> drains_remove(CommandRun& run) {
  SLUICE_TRY(const auto id, named_drain(run));
  SLUICE_TRY(const auto answer, ask(run, plain_request("DELETE", drains_path(run.arguments, id))));
  return report(run, answer, "removed drain " + id);
}

result<void, Error> drains_test(CommandRun& run) {
  SLUICE_TRY(const auto id, named_drain(run));
  SLUICE_TRY(const auto outcome, ask(run, json_request("POST", drains_path(run.arguments, id, "test"))));
  SLUICE_TRY_VOID(run.arguments.json ? print_json(run, outcome) : run.print(drain_test_facts(outcome)));
  if (!drain_test_passed(outcome)) return failure("the receiver did not accept the test line");
  return {};
}

result<void, Error> act(CommandRun& run, const char* action, const json::object& body, std::string_view done) {
  SLUICE_TRY(const auto id, named_drain(run));
  const std::string path = drains_path(run.arguments, id, action);
  SLUICE_TRY(const auto answer, ask(run, json_request("POST", path, json::serialize(body))));
  return report(run, answer, std::string(done) + " drain " + id);
}

result<void, Error> drains_pause(CommandRun& run) { return act(run, "pause", {}, "paused"); }

result<void, Error> drains_resume(CommandRun& run) {
  json::object body;
  if (!run.arguments.from.empty()) body["from"] = run.arguments.from;
  return act(run, "resume", body, "resumed");
}

result<void, Error> drains_replay(CommandRun& run) {
  SLUICE_TRY(const auto id, named_drain(run));
  SLUICE_TRY(const auto request, replay_request(run.arguments, id, run.world.clock.wall()));
  SLUICE_TRY(const auto answer, ask(run, request));
  return report(run, answer, "replaying to drain " + id);
}

constexpr Command kCommands[] = {
    {"drains add", drains_add},       {"drains list", drains_list},     {"drains show", drains_show},
    {"drains remove", drains_remove}, {"drains test", drains_test},     {"drains pause", drains_pause},
    {"drains resume", drains_resume}, {"drains replay", drains_replay},
};

}  // namespace

std::span<const Command> drain_commands() { return kCommands; }

}  // namespace sluice::cli
