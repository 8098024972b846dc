#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "logplex/base/result.hpp"

namespace sluice::cli {

// Tolerant access to what a server of any version answers: a missing or oddly typed member reads as empty.

/// The member, or null when value is no object or has no such member.
const boost::json::value* member(const boost::json::value& value, std::string_view name);
/// A string as it is, a number, true or false as JSON writes it, anything else as "".
std::string value_text(const boost::json::value& value);
std::string text_at(const boost::json::value& value, std::string_view name);
std::optional<double> number_at(const boost::json::value& value, std::string_view name);
std::optional<std::uint64_t> count_at(const boost::json::value& value, std::string_view name);
/// The strings of an array, joined with ", ".
std::string list_at(const boost::json::value& value, std::string_view name);

/// Error: kFailed, says that the server's answer is no JSON.
result<boost::json::value, Error> read_json(std::string_view text);

}  // namespace sluice::cli
