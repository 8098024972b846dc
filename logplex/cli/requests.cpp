#include "logplex/cli/requests.hpp"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "logplex/base/units.hpp"
#include "logplex/cli/grep_filter.hpp"
#include "logplex/cli/view/cli_error.hpp"
#include "logplex/cli/view/times.hpp"

namespace sluice::cli {
namespace {

namespace json = boost::json;

constexpr std::int64_t kUsualLines = 100;

json::array array_of(const std::vector<std::string>& words) { return json::array(words.begin(), words.end()); }

bool is_port(std::string_view text) {
  const bool digits = !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string::npos;
  return digits && std::stoul(std::string(text)) >= 1 && std::stoul(std::string(text)) <= 65535;
}

/// "Name: value" as for curl; blanks before the value are not part of it.
result<void, Error> add_header(json::object& headers, std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return usage_error("--header '" + std::string(text.substr(0, colon)) + "' is not of the form Name:Value");
  }
  const std::string_view name = text.substr(0, colon);
  std::string_view value = text.substr(colon + 1);
  value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
  headers[json::string_view(name.data(), name.size())] = json::string_view(value.data(), value.size());
  return {};
}

void set_text(json::object& object, const char* name, const std::string& value) {
  if (!value.empty()) object[name] = value;
}

std::string canonical_level(std::string level) {
  std::transform(level.begin(), level.end(), level.begin(), [](unsigned char c) { return std::tolower(c); });
  return level == "error" ? "err" : level;
}

/// --filter, --level and --grep as one filter.
result<std::string, Error> filter_of(const LogArguments& log) {
  std::string filter = log.filter;
  const auto add = [&filter](const std::string& term) { filter += (filter.empty() ? "" : " ") + term; };
  if (!log.level.empty()) add("level<=" + canonical_level(log.level));
  if (!log.grep.empty()) {
    SLUICE_TRY(const auto term, grep_term(log.grep));
    add(term);
  }
  return filter;
}

result<void, Error> add_time(std::string& target, const char* name, const std::string& text, WallTime now) {
  if (text.empty()) return {};
  SLUICE_TRY(const auto time, point_in_time(text, now));
  add_query(target, name, time);
  return {};
}

}  // namespace

ApiRequest json_request(std::string method, std::string target, std::string body) {
  ApiRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.body = std::move(body);
  return request;
}

ApiRequest plain_request(std::string method, std::string target) {
  return json_request(std::move(method), std::move(target), {});
}

result<BackendArgument, Error> parse_backend(std::string_view text) {
  BackendArgument backend;
  const std::size_t equals = text.find('=');
  if (equals != std::string_view::npos) backend.name = text.substr(0, equals);
  backend.address = equals == std::string_view::npos ? text : text.substr(equals + 1);
  const std::size_t colon = backend.address.rfind(':');
  const bool valid = colon != std::string::npos && colon > 0 && equals != 0 &&
                     is_port(std::string_view(backend.address).substr(colon + 1));
  if (!valid) return usage_error("backend '" + std::string(text) + "' is not of the form [NAME=]HOST:PORT");
  return backend;
}

std::string next_backend_name(std::set<std::string>& in_use) {
  for (unsigned n = 1;; ++n) {
    if (const auto [name, free] = in_use.insert("web." + std::to_string(n)); free) return *name;
  }
}

result<ApiRequest, Error> create_app_request(const Arguments& arguments) {
  std::set<std::string> in_use;
  std::vector<BackendArgument> backends;
  for (const auto& text : arguments.backends) {
    SLUICE_TRY(auto backend, parse_backend(text));
    if (!backend.name.empty() && !in_use.insert(backend.name).second) {
      return usage_error("backend '" + backend.name + "' is named twice");
    }
    backends.push_back(std::move(backend));
  }
  json::array list;
  for (auto& backend : backends) {
    if (backend.name.empty()) backend.name = next_backend_name(in_use);
    list.push_back(json::object{{"name", backend.name}, {"address", backend.address}});
  }
  return json_request("PUT", api_path({"apps", arguments.subject}),
                      json::serialize(json::object{{"domains", array_of(arguments.domains)}, {"backends", list}}));
}

ApiRequest delete_app_request(const Arguments& arguments) {
  std::string target = api_path({"apps", arguments.subject});
  if (arguments.keep_channel) add_query(target, "keep_channel", "true");
  return plain_request("DELETE", target);
}

ApiRequest put_backend_request(const Arguments& arguments, const BackendArgument& backend) {
  json::object body{{"address", backend.address}};
  if (arguments.soft_limit >= 0) body["soft"] = arguments.soft_limit;
  if (arguments.hard_limit >= 0) body["hard"] = arguments.hard_limit;
  if (arguments.weight >= 0) body["weight"] = arguments.weight;
  return json_request("PUT", api_path({"apps", arguments.app, "backends", backend.name}), json::serialize(body));
}

std::string drains_path(const Arguments& arguments, std::string_view drain, std::string_view action) {
  std::vector<std::string_view> segments;
  if (!arguments.global) segments = {"channels", arguments.app};
  segments.emplace_back("drains");
  if (!drain.empty()) segments.push_back(drain);
  if (!action.empty()) segments.push_back(action);
  return api_path(segments);
}

result<ApiRequest, Error> add_drain_request(const Arguments& arguments, const DrainFiles& files) {
  const DrainArguments& drain = arguments.drain;
  json::object body{{"url", arguments.subject}};
  set_text(body, "format", drain.format);
  if (drain.durable) body["durable"] = true;
  set_text(body, "filter", drain.filter);
  json::object headers;
  for (const auto& text : drain.headers) SLUICE_TRY_VOID(add_header(headers, text));
  if (!headers.empty()) body["headers"] = std::move(headers);
  set_text(body, "secret", drain.secret);
  set_text(body, "ca", files.ca);
  set_text(body, "client_cert", files.client_certificate);
  set_text(body, "client_key", files.client_key);
  return json_request("POST", drains_path(arguments), json::serialize(body));
}

result<ApiRequest, Error> replay_request(const Arguments& arguments, std::string_view drain, WallTime now) {
  json::object body;
  SLUICE_TRY(const auto since, point_in_time(arguments.log.since, now));
  body["since"] = since;
  if (!arguments.log.until.empty()) {
    SLUICE_TRY(const auto until, point_in_time(arguments.log.until, now));
    body["until"] = until;
  }
  return json_request("POST", drains_path(arguments, drain, "replay"), json::serialize(body));
}

result<ApiRequest, Error> create_key_request(const Arguments& arguments) {
  if (arguments.scopes.empty()) {
    return usage_error("a key needs at least one --scope, such as --scope logs:read");
  }
  json::object body{{"name", arguments.subject}, {"scopes", array_of(arguments.scopes)}};
  if (!arguments.channels.empty()) body["channels"] = array_of(arguments.channels);
  if (!arguments.expires_in.empty()) {
    const auto life = parse_duration(arguments.expires_in);
    if (life.has_error()) return usage_error("--expires-in: " + life.error().text());
    body["expires_in"] = arguments.expires_in;
  }
  return json_request("POST", api_path({"keys"}), json::serialize(body));
}

result<ApiRequest, Error> logs_request(const Arguments& arguments, WallTime now) {
  const LogArguments& log = arguments.log;
  SLUICE_TRY(const auto filter, filter_of(log));
  ApiRequest request;
  request.target = api_path({"channels", arguments.app, "logs"});
  request.accept = "text/event-stream";
  // --since means all lines from then on, unless a number is given too.
  const bool counted = log.lines >= 0 || log.since.empty();
  if (counted) add_query(request.target, "num", std::to_string(log.lines >= 0 ? log.lines : kUsualLines));
  if (log.follow) add_query(request.target, "tail", "1");
  add_query(request.target, "source", log.source);
  add_query(request.target, "ps", log.process);
  add_query(request.target, "filter", filter);
  SLUICE_TRY_VOID(add_time(request.target, "since", log.since, now));
  SLUICE_TRY_VOID(add_time(request.target, "until", log.until, now));
  add_query(request.target, "format", "json");
  return request;
}

}  // namespace sluice::cli
