#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "logplex/api/answer.hpp"
#include "logplex/api/route.hpp"

namespace sluice {

/// Reads a request body against its schema: valid JSON (at most 32 levels), an object, nothing that is not listed
/// unless the schema is open, required members present, every listed member of its shape. Errors name the member.
checked<boost::json::object> parse_body(std::string_view text, const BodySchema& schema);

/// The same for an object inside a body; `where` stands before the names in errors ("backends[0]").
checked<void> check_object(const boost::json::object& object, const BodySchema& schema, std::string_view where = {});

// Readers for members whose shape has been checked.

/// Absent or null: null.
const boost::json::value* member(const boost::json::object& object, std::string_view name);
std::string string_or(const boost::json::object& object, std::string_view name, std::string_view fallback = {});
std::optional<std::string> string_at(const boost::json::object& object, std::string_view name);
std::optional<bool> bool_at(const boost::json::object& object, std::string_view name);
std::uint64_t number_or(const boost::json::object& object, std::string_view name, std::uint64_t fallback);
std::vector<std::string> strings_at(const boost::json::object& object, std::string_view name);
/// A string as it is, a number as its digits.
std::optional<std::string> text_at(const boost::json::object& object, std::string_view name);
bool switch_at(const boost::json::object& object, std::string_view name);

}  // namespace sluice
