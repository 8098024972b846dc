#include "logplex/cli/view/json_text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "logplex/cli/view/cli_error.hpp"

namespace sluice::cli {

namespace json = boost::json;

const json::value* member(const json::value& value, std::string_view name) {
  const auto* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains({name.data(), name.size()});
}

std::string value_text(const json::value& value) {
  if (const auto* text = value.if_string()) return {text->data(), text->size()};
  if (const auto* number = value.if_double()) return fmt::format("{:.6g}", *number);  // JSON's own form would be 1.2E-1
  return value.is_number() || value.is_bool() ? json::serialize(value) : std::string();
}

std::string text_at(const json::value& value, std::string_view name) {
  const auto* found = member(value, name);
  return found == nullptr ? std::string() : value_text(*found);
}

std::optional<double> number_at(const json::value& value, std::string_view name) {
  const auto* found = member(value, name);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  return found->to_number<double>();
}

std::optional<std::uint64_t> count_at(const json::value& value, std::string_view name) {
  const auto* found = member(value, name);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  error_code ignored;
  const auto count = found->to_number<std::uint64_t>(ignored);
  return ignored.failed() ? std::nullopt : std::optional(count);
}

std::string list_at(const json::value& value, std::string_view name) {
  const auto* found = member(value, name);
  const auto* items = found == nullptr ? nullptr : found->if_array();
  std::string out;
  if (items == nullptr) return out;
  for (const auto& item : *items) {
    if (!out.empty()) out += ", ";
    out += value_text(item);
  }
  return out;
}

result<json::value, Error> read_json(std::string_view text) {
  json::parse_options options;
  options.allow_invalid_utf8 = true;
  error_code failed;
  auto value = json::parse({text.data(), text.size()}, failed, {}, options);
  if (failed) return failure("the server's answer is not JSON; is this address a Sluice API?");
  return value;
}

}  // namespace sluice::cli
