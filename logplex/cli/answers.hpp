#pragma once

#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "logplex/cli/command_run.hpp"

namespace sluice::cli {

/// Sends a request and returns the JSON of the answer; null for an empty body. Passes the server's errors on.
result<boost::json::value, Error> ask(CommandRun& run, const ApiRequest& request);

/// Reads all pages of a list and returns all items. The list may be a bare array or {"items", "next"}.
result<boost::json::array, Error> ask_for_all(CommandRun& run, const std::string& target);

/// Prints the value as one line of JSON; {} for null, so that a reader always finds an object.
result<void, Error> print_json(CommandRun& run, const boost::json::value& value);

/// With --json, prints the value; otherwise the sentence and a newline.
result<void, Error> report(CommandRun& run, const boost::json::value& value, std::string_view sentence);

/// The id of the only item whose id, name, token or url is `wanted`. If nothing matches, returns `wanted`, so that the
/// server says what is wrong. Error: kUsage if several items match.
result<std::string, Error> id_of(const boost::json::array& items, std::string_view wanted);

}  // namespace sluice::cli
