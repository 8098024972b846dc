#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "logplex/base/result.hpp"

namespace sluice::cli {

// Tolerant access to answers of servers of any version: a missing member, or one of another type, reads as empty.

/// The member, or null if value is not an object or has no such member.
const boost::json::value* member(const boost::json::value& value, std::string_view name);
/// A string unchanged; a number, true or false as text; anything else as "".
std::string value_text(const boost::json::value& value);
std::string text_at(const boost::json::value& value, std::string_view name);
std::optional<double> number_at(const boost::json::value& value, std::string_view name);
std::optional<std::uint64_t> count_at(const boost::json::value& value, std::string_view name);
/// The strings of an array, joined with ", ".
std::string list_at(const boost::json::value& value, std::string_view name);

/// Error: kFailed, which says that the server's answer is not JSON.
result<boost::json::value, Error> read_json(std::string_view text);

}  // namespace sluice::cli
