#pragma once

#include <set>
#include <string>
#include <string_view>

#include "logplex/base/clock.hpp"
#include "logplex/base/result.hpp"
#include "logplex/cli/client/api.hpp"
#include "logplex/cli/grammar/arguments.hpp"

namespace sluice::cli {

// Turns arguments into API requests. Pure: no socket, no file. Errors are kUsage and name the argument.

/// A backend as the user writes it: [NAME=]HOST:PORT.
struct BackendArgument {
  std::string name;  // empty: the next free web.N
  std::string address;
};

result<BackendArgument, Error> parse_backend(std::string_view text);
/// The first of web.1, web.2, ... that is not in `in_use`; adds it there.
std::string next_backend_name(std::set<std::string>& in_use);

result<ApiRequest, Error> create_app_request(const Arguments& arguments);
ApiRequest delete_app_request(const Arguments& arguments);
ApiRequest put_backend_request(const Arguments& arguments, const BackendArgument& backend);

/// /v3/channels/APP/drains or /v3/drains, followed by drain and action if given.
std::string drains_path(const Arguments& arguments, std::string_view drain = {}, std::string_view action = {});

/// Contents of the files that `drains add` names.
struct DrainFiles {
  std::string ca;
  std::string client_certificate;
  std::string client_key;
};

result<ApiRequest, Error> add_drain_request(const Arguments& arguments, const DrainFiles& files);
result<ApiRequest, Error> replay_request(const Arguments& arguments, std::string_view drain, WallTime now);
result<ApiRequest, Error> create_key_request(const Arguments& arguments);

/// Requests lines as server-sent events whose data are JSON objects.
result<ApiRequest, Error> logs_request(const Arguments& arguments, WallTime now);

/// A POST or PUT with a JSON body; "{}" if there is nothing to send.
ApiRequest json_request(std::string method, std::string target, std::string body = "{}");
ApiRequest plain_request(std::string method, std::string target);

}  // namespace sluice::cli
