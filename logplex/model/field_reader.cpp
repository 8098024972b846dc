#include "logplex/model/field_reader.hpp"

#include <boost/json/value.hpp>

#include "logplex/model/config_error.hpp"

namespace sluice {

namespace json = boost::json;

namespace {

constexpr std::int64_t kPlainEnvelope = 0;

}  // namespace

std::optional<json::value> FieldReader::take(std::string_view name) {
  const auto found = fields_.find(name);
  if (found == fields_.end()) return std::nullopt;
  json::value value = std::move(found->value());
  fields_.erase(found);
  return value;
}

void FieldReader::fail(std::string_view name, std::string_view what) {
  if (error_) return;
  error_ = Error{ConfigError::kDamaged, "field " + std::string(name) + " " + std::string(what)};
}

std::string FieldReader::text(std::string_view name) {
  const auto value = take(name);
  if (!value) return {};
  if (const auto* string = value->if_string()) return std::string(*string);
  fail(name, "must be a string");
  return {};
}

bool FieldReader::flag(std::string_view name, bool otherwise) {
  const auto value = take(name);
  if (!value) return otherwise;
  if (const auto* yes = value->if_bool()) return *yes;
  fail(name, "must be true or false");
  return otherwise;
}

std::uint64_t FieldReader::number(std::string_view name, std::uint64_t otherwise, std::uint64_t max) {
  const auto value = take(name);
  if (!value) return otherwise;
  boost::system::error_code ec;
  const auto number = value->to_number<std::uint64_t>(ec);
  if (!ec && number <= max) return number;
  fail(name, "must be a whole number up to " + std::to_string(max));
  return otherwise;
}

Secret FieldReader::secret(std::string_view name) {
  const auto value = take(name);
  if (!value) return {};
  if (auto secret = unsealed(*value)) return *std::move(secret);
  fail(name, "is not an envelope that this version can open");
  return {};
}

json::array FieldReader::list(std::string_view name) {
  auto value = take(name);
  if (!value) return {};
  if (auto* array = value->if_array()) return std::move(*array);
  fail(name, "must be a list");
  return {};
}

std::vector<std::string> FieldReader::texts(std::string_view name) {
  std::vector<std::string> out;
  for (const auto& item : list(name)) {
    if (const auto* string = item.if_string())
      out.emplace_back(*string);
    else
      fail(name, "must be a list of strings");
  }
  return out;
}

std::optional<json::object> FieldReader::object(std::string_view name) {
  auto value = take(name);
  if (!value) return std::nullopt;
  if (auto* object = value->if_object()) return std::move(*object);
  fail(name, "must be an object");
  return std::nullopt;
}

KeptFields FieldReader::rest() {
  if (fields_.empty()) return {};
  return {std::make_shared<const json::object>(std::move(fields_))};
}

result<void, Error> FieldReader::status() const {
  if (error_) return *error_;
  return {};
}

json::object sealed(const Secret& secret) { return {{"v", kPlainEnvelope}, {"text", secret.reveal()}}; }

std::optional<Secret> unsealed(const json::value& envelope) {
  const auto* object = envelope.if_object();
  if (object == nullptr) return std::nullopt;
  const auto* version = object->if_contains("v");
  const auto* text = object->if_contains("text");
  if (version == nullptr || *version != kPlainEnvelope || text == nullptr || !text->is_string()) return std::nullopt;
  return Secret(std::string(text->get_string()));
}

}  // namespace sluice
