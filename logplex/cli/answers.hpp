#pragma once

#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "logplex/cli/command_run.hpp"

namespace sluice::cli {

/// Sends a request; the answer's JSON, null for an empty body. Errors are the server's.
result<boost::json::value, Error> ask(CommandRun& run, const ApiRequest& request);

/// All items of a list, page by page. The list may be a bare array or {"items", "next"}.
result<boost::json::array, Error> ask_for_all(CommandRun& run, const std::string& target);

/// The value as one line of JSON; {} for null, so that a reader always finds an object.
result<void, Error> print_json(CommandRun& run, const boost::json::value& value);

/// With --json the value, otherwise the sentence and a newline.
result<void, Error> report(CommandRun& run, const boost::json::value& value, std::string_view sentence);

/// The id of the one item whose id, name, token or url is `wanted`; the id, when nothing matches, is `wanted` itself,
/// so that the server says what is wrong. Error: kUsage, when several items match.
result<std::string, Error> id_of(const boost::json::array& items, std::string_view wanted);

}  // namespace sluice::cli
