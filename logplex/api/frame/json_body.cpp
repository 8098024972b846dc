#include "logplex/api/frame/json_body.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <boost/json/serialize.hpp>

namespace sluice::api {
namespace json = boost::json;
namespace {

constexpr std::size_t kMaxDepth = 32;

bool is_whole(const json::value& value) { return value.is_uint64() || (value.is_int64() && value.get_int64() >= 0); }

bool is_switch(const json::value& value) {
  if (value.is_bool()) return true;
  if (is_whole(value)) return value.to_number<std::uint64_t>() <= 1;
  if (!value.is_string()) return false;
  const auto& text = value.get_string();
  return text == "1" || text == "0" || text == "true" || text == "false";
}

bool all_of(const json::value& value, bool (json::value::*is)() const noexcept) {
  if (!value.is_array()) return false;
  return std::ranges::all_of(value.get_array(), [is](const json::value& item) { return (item.*is)(); });
}

bool fits(const json::value& value, JsonShape shape) {
  switch (shape) {
    case JsonShape::kString:
      return value.is_string();
    case JsonShape::kBool:
      return value.is_bool();
    case JsonShape::kNumber:
      return is_whole(value);
    case JsonShape::kText:
      return value.is_string() || is_whole(value);
    case JsonShape::kSwitch:
      return is_switch(value);
    case JsonShape::kStrings:
      return all_of(value, &json::value::is_string);
    case JsonShape::kObjects:
      return all_of(value, &json::value::is_object);
    case JsonShape::kObject:
      return value.is_object();
  }
  return false;
}

std::string_view described(JsonShape shape) {
  switch (shape) {
    case JsonShape::kString:
      return "a string";
    case JsonShape::kBool:
      return "true or false";
    case JsonShape::kNumber:
      return "a whole number that is not negative";
    case JsonShape::kText:
      return "a string or a whole number";
    case JsonShape::kSwitch:
      return "true, false, 1 or 0";
    case JsonShape::kStrings:
      return "an array of strings";
    case JsonShape::kObjects:
      return "an array of objects";
    case JsonShape::kObject:
      return "an object";
  }
  return {};
}

std::string full_name(std::string_view where, std::string_view name) {
  return where.empty() ? std::string(name) : std::string(where) + "." + std::string(name);
}

const BodyField* field_of(const BodySchema& schema, std::string_view name) {
  const auto at = std::ranges::find(schema.fields, name, &BodyField::name);
  return at == schema.fields.end() ? nullptr : &*at;
}

json::parse_options parse_options() {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  return options;
}

BadInput not_json(const error_code& error) { return {"the body is not valid JSON: " + error.message(), {}}; }

/// Names come from the client: an error shows only the beginning of a long one.
std::string shown(std::string name) {
  if (name.size() > 100) name = name.substr(0, 100) + "...";
  return name;
}

}  // namespace

checked<void> check_object(const json::object& object, const BodySchema& schema, std::string_view where) {
  for (const auto& [key, value] : object) {
    const auto* field = field_of(schema, key);
    if (field == nullptr) {
      if (schema.open) continue;
      return BadInput{"unknown field " + shown(full_name(where, key)), shown(full_name(where, key))};
    }
    if (!value.is_null() && !fits(value, field->shape)) {
      auto name = full_name(where, key);
      return BadInput{name + " must be " + std::string(described(field->shape)), name};
    }
  }
  for (const auto& field : schema.fields)
    if (field.required && member(object, field.name) == nullptr) {
      auto name = full_name(where, field.name);
      return BadInput{name + " is required", name};
    }
  return {};
}

BodyReader::BodyReader(const BodySchema& schema) : schema_(schema), parser_({}, parse_options()) {}

/// Every value except the first of its array or object follows a comma. It does not matter where a piece ends.
void BodyReader::count_values(std::string_view piece) {
  for (const char c : piece) {
    if (std::exchange(escaped_, false)) continue;
    if (c == '"') in_string_ = !in_string_;
    if (in_string_)
      escaped_ = c == '\\';
    else if (c == ',' || c == '[' || c == '{')
      ++values_;
  }
}

checked<void> BodyReader::take(std::string_view piece) {
  empty_ = empty_ && piece.empty();
  error_code error;
  parser_.write(piece.data(), piece.size(), error);
  if (error) return not_json(error);
  count_values(piece);
  if (values_ > kMostValues)
    return BadInput{"the body has more than " + std::to_string(kMostValues) + " values", {}, 422};
  return {};
}

checked<json::object> BodyReader::finish() {
  if (empty_ && schema_.optional) return json::object();
  if (empty_) return BadInput{"a JSON object is required as the body", {}};
  error_code error;
  parser_.finish(error);
  if (error) return not_json(error);
  auto value = parser_.release();
  if (!value.is_object()) return BadInput{"invalid payload", {}};
  if (auto fit = check_object(value.get_object(), schema_); fit.has_error()) return std::move(fit).error();
  return std::move(value.get_object());
}

checked<json::object> parse_body(std::string_view text, const BodySchema& schema) {
  BodyReader reader(schema);
  SLUICE_TRY_VOID(reader.take(text));
  return reader.finish();
}

const json::value* member(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::optional<std::string> string_at(const json::object& object, std::string_view name) {
  const auto* value = member(object, name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(std::string_view(value->get_string()));
}

std::string string_or(const json::object& object, std::string_view name, std::string_view fallback) {
  return string_at(object, name).value_or(std::string(fallback));
}

std::optional<bool> bool_at(const json::object& object, std::string_view name) {
  const auto* value = member(object, name);
  if (value == nullptr) return std::nullopt;
  return value->get_bool();
}

std::uint64_t number_or(const json::object& object, std::string_view name, std::uint64_t fallback) {
  const auto* value = member(object, name);
  return value == nullptr ? fallback : value->to_number<std::uint64_t>();
}

std::vector<std::string> strings_at(const json::object& object, std::string_view name) {
  std::vector<std::string> out;
  if (const auto* value = member(object, name))
    for (const auto& item : value->get_array()) out.emplace_back(std::string_view(item.get_string()));
  return out;
}

std::optional<std::string> text_at(const json::object& object, std::string_view name) {
  const auto* value = member(object, name);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return std::string(std::string_view(value->get_string()));
  return json::serialize(*value);
}

bool switch_at(const json::object& object, std::string_view name) {
  const auto* value = member(object, name);
  if (value == nullptr) return false;
  if (value->is_bool()) return value->get_bool();
  const auto text = text_at(object, name);
  return *text == "1" || *text == "true";
}

}  // namespace sluice::api
