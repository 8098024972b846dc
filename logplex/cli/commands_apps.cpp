#include <boost/json/object.hpp>

#include "logplex/cli/answers.hpp"
#include "logplex/cli/commands.hpp"
#include "logplex/cli/requests.hpp"
#include "logplex/cli/view/cli_error.hpp"
#include "logplex/cli/view/json_text.hpp"
#include "logplex/cli/view/table.hpp"

namespace sluice::cli {
namespace {

namespace json = boost::json;

const json::array& array_at(const json::value& value, std::string_view name) {
  static const json::array kNone;
  const auto* found = member(value, name);
  const auto* array = found == nullptr ? nullptr : found->if_array();
  return array == nullptr ? kNone : *array;
}

result<json::value, Error> ask_for_app(CommandRun& run, std::string_view name) {
  return ask(run, plain_request("GET", api_path({"apps", name})));
}

std::string backend_text(const json::value& backend) {
  return text_at(backend, "name") + "=" + text_at(backend, "address");
}

std::string backends_text(const json::value& app) {
  std::string out;
  for (const auto& backend : array_at(app, "backends")) out += (out.empty() ? "" : ", ") + backend_text(backend);
  return out;
}

std::string features_text(const json::value& app) {
  const auto* features = member(app, "features");
  std::string out;
  if (features == nullptr || !features->is_object()) return out;
  for (const auto& feature : features->get_object()) {
    out += (out.empty() ? "" : ", ") + std::string(feature.key()) + "=" + value_text(feature.value());
  }
  return out;
}

std::string app_facts(const json::value& app) {
  FactList facts;
  facts.add("app", text_at(app, "name"));
  facts.add("channel", text_at(app, "channel"));
  facts.add("domains", list_at(app, "domains"));
  facts.add("backends", backends_text(app));
  facts.add("features", features_text(app));
  return facts.str();
}

/// PUT would replace an existing app, which `apps create` must not do. 404 means that the name is free.
result<void, Error> refuse_existing(CommandRun& run, std::string_view name) {
  SLUICE_TRY(const auto answer, run.api.call(plain_request("GET", api_path({"apps", name}))));
  if (answer.status == 404) return {};
  if (answer.status >= 300) return error_of(answer);
  return failure("app " + std::string(name) + " exists already; change it with 'sluice domains' and 'sluice backends'");
}

result<void, Error> apps_create(CommandRun& run) {
  SLUICE_TRY(const auto request, create_app_request(run.arguments));
  SLUICE_TRY_VOID(refuse_existing(run, run.arguments.subject));
  SLUICE_TRY(const auto app, ask(run, request));
  if (run.arguments.json) return print_json(run, app);
  return run.print("created app " + run.arguments.subject + "\n" + app_facts(app));
}

result<void, Error> apps_list(CommandRun& run) {
  SLUICE_TRY(const auto apps, ask_for_all(run, api_path({"apps"})));
  if (run.arguments.json) return print_json(run, apps);
  Table table({"APP", "DOMAINS", "BACKENDS"});
  for (const auto& app : apps) table.add({text_at(app, "name"), list_at(app, "domains"), backends_text(app)});
  return run.print(apps.empty() ? "no apps yet; create one with 'sluice apps create NAME'\n" : table.str());
}

result<void, Error> apps_show(CommandRun& run) {
  SLUICE_TRY(const auto app, ask_for_app(run, run.arguments.subject));
  if (run.arguments.json) return print_json(run, app);
  return run.print(app_facts(app));
}

result<void, Error> apps_delete(CommandRun& run) {
  SLUICE_TRY(const auto answer, ask(run, delete_app_request(run.arguments)));
  return report(run, answer, "deleted app " + run.arguments.subject);
}

/// Makes the same call for every domain or backend named; reports the last answer.
result<void, Error> for_each_subject(CommandRun& run, const char* method, const char* kind, std::string_view done) {
  json::value last;
  std::string named;
  for (const auto& subject : run.arguments.subjects) {
    const std::string path = api_path({"apps", run.arguments.app, kind, subject});
    const bool put = std::string_view(method) == "PUT";
    SLUICE_TRY(last, ask(run, put ? json_request(method, path) : plain_request(method, path)));
    named += (named.empty() ? "" : ", ") + subject;
  }
  return report(run, last, std::string(done) + " " + named);
}

result<void, Error> domains_add(CommandRun& run) { return for_each_subject(run, "PUT", "domains", "added"); }
result<void, Error> domains_remove(CommandRun& run) { return for_each_subject(run, "DELETE", "domains", "removed"); }
result<void, Error> backends_remove(CommandRun& run) { return for_each_subject(run, "DELETE", "backends", "removed"); }

result<void, Error> domains_list(CommandRun& run) {
  SLUICE_TRY(const auto app, ask_for_app(run, run.arguments.app));
  if (run.arguments.json) return print_json(run, array_at(app, "domains"));
  std::string out;
  for (const auto& domain : array_at(app, "domains")) out += value_text(domain) + "\n";
  return run.print(out);
}

result<void, Error> backends_list(CommandRun& run) {
  SLUICE_TRY(const auto app, ask_for_app(run, run.arguments.app));
  if (run.arguments.json) return print_json(run, array_at(app, "backends"));
  Table table({"NAME", "ADDRESS", "SOFT", "HARD", "WEIGHT"});
  for (const auto& backend : array_at(app, "backends")) {
    table.add({text_at(backend, "name"), text_at(backend, "address"), text_at(backend, "soft"),
               text_at(backend, "hard"), text_at(backend, "weight")});
  }
  return run.print(table.str());
}

result<void, Error> backends_add(CommandRun& run) {
  std::vector<BackendArgument> backends;
  for (const auto& text : run.arguments.subjects) {
    SLUICE_TRY(auto backend, parse_backend(text));
    backends.push_back(std::move(backend));
  }
  SLUICE_TRY(const auto app, ask_for_app(run, run.arguments.app));
  std::set<std::string> in_use;
  for (const auto& backend : array_at(app, "backends")) in_use.insert(text_at(backend, "name"));
  for (const auto& backend : backends) in_use.insert(backend.name);
  json::value last;
  std::string named;
  for (auto& backend : backends) {
    if (backend.name.empty()) backend.name = next_backend_name(in_use);
    SLUICE_TRY(last, ask(run, put_backend_request(run.arguments, backend)));
    named += (named.empty() ? "" : ", ") + backend.name + "=" + backend.address;
  }
  return report(run, last, "added " + named);
}

constexpr Command kCommands[] = {
    {"apps create", apps_create},     {"apps list", apps_list},       {"apps show", apps_show},
    {"apps delete", apps_delete},     {"domains add", domains_add},   {"domains remove", domains_remove},
    {"domains list", domains_list},   {"backends add", backends_add}, {"backends remove", backends_remove},
    {"backends list", backends_list},
};

}  // namespace

std::span<const Command> app_commands() { return kCommands; }

}  // namespace sluice::cli
