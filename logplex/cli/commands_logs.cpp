#include <unistd.h>

#include <optional>
#include <string>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "logplex/cli/answers.hpp"
#include "logplex/cli/commands.hpp"
#include "logplex/cli/line_sender.hpp"
#include "logplex/cli/log_stream.hpp"
#include "logplex/cli/requests.hpp"
#include "logplex/cli/view/cli_error.hpp"
#include "logplex/cli/view/json_text.hpp"
#include "logplex/cli/view/node_report.hpp"
#include "logplex/net/http/authorization.hpp"

namespace sluice::cli {
namespace {

namespace json = boost::json;

constexpr const char* kUsualIngressPort = "8601";

result<void, Error> logs(CommandRun& run) {
  if (run.arguments.json && run.arguments.log.raw) return usage_error("--json and --raw exclude each other");
  SLUICE_TRY(auto request, logs_request(run.arguments, run.world.clock.wall()));
  run.world.begin_stream();
  LogStream stream(run, std::move(request), line_style(run));
  return stream.print();
}

struct SendTarget {
  std::string path;
  Secret authorization;
};

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 && name[0] != 0 ? name : "localhost";
}

/// The channel's token of that name; makes one if there is none. Nothing if the key may not see or make tokens.
result<std::optional<std::string>, Error> find_or_make_token(CommandRun& run, const std::string& name) {
  const std::string& app = run.arguments.app;
  SLUICE_TRY(const auto answer, run.api.call(plain_request("GET", api_path({"channels", app}))));
  if (answer.status == 403) return std::nullopt;
  if (answer.status == 404)
    return failure("there is no channel " + app + "; 'sluice apps create " + app + "' makes one");
  if (answer.status >= 300) return error_of(answer);
  SLUICE_TRY(const auto channel, read_json(answer.body));
  if (const auto* tokens = member(channel, "tokens")) {
    if (auto token = text_at(*tokens, name); !token.empty()) return token;
  }
  const std::string path = api_path({"channels", app, "tokens"});
  const std::string body = json::serialize(json::object{{"name", name}});
  SLUICE_TRY(const auto made, run.api.call(json_request("POST", path, body)));
  if (made.status == 403) return std::nullopt;
  if (made.status >= 300) return error_of(made);
  SLUICE_TRY(const auto token, read_json(made.body));
  return text_at(token, "token");
}

/// Where to post lines of this source, and with which credential: a token, or the API key itself, which then needs
/// logs:write.
result<SendTarget, Error> find_target(CommandRun& run, const std::string& source) {
  SLUICE_TRY(const auto token, find_or_make_token(run, source));
  if (token) return SendTarget{"/logs", Secret(basic_authorization("token", *token))};
  SendTarget target{"/logs", Secret("Bearer " + run.key.reveal())};
  add_query(target.path, "channel", run.arguments.app);
  add_query(target.path, "source", source);
  return target;
}

/// A wildcard address cannot be dialled: use the API's host instead.
Endpoint dialable(Endpoint ingress, const Endpoint& api) {
  if (ingress.host == "0.0.0.0" || ingress.host == "::") ingress.host = api.host;
  return ingress;
}

result<Endpoint, Error> find_ingress(CommandRun& run) {
  std::string given = run.arguments.send.ingress_url;
  if (given.empty()) given = run.world.environment("SLUICE_INGRESS_URL");
  if (!given.empty()) return parse_endpoint(given);
  const auto status = ask(run, plain_request("GET", api_path({"status"})));
  const std::string named = status.has_value() ? ingress_of(*status) : std::string();
  if (!named.empty()) {
    SLUICE_TRY(auto endpoint, parse_endpoint(named.find("://") == std::string::npos ? "http://" + named : named));
    return dialable(std::move(endpoint), run.endpoint);
  }
  return Endpoint{run.endpoint.scheme, run.endpoint.host, kUsualIngressPort, {}};
}

result<void, Error> send(CommandRun& run) {
  const SendArguments& arguments = run.arguments.send;
  SendHeader header{pri_of_level(arguments.level), host_name(), arguments.source, arguments.process};
  SLUICE_TRY_VOID(check_send_header(header));
  SLUICE_TRY(const auto ingress, find_ingress(run));
  SLUICE_TRY(const auto target, find_target(run, arguments.source));
  LineSender sender(run.world, run.world.make_api(ingress, target.authorization), target.path, std::move(header));
  SLUICE_TRY_VOID(sender.send_all(run.world.input));
  if (!run.arguments.json) return {};
  return print_json(run, json::object{{"sent", sender.sent()}});
}

constexpr Command kCommands[] = {{"logs", logs}, {"tail", logs}, {"send", send}};

}  // namespace

std::span<const Command> log_commands() { return kCommands; }

}  // namespace sluice::cli
