#include "logplex/model/field_reader.hpp"

#include <boost/json/value.hpp>

#include "logplex/model/config_error.hpp"

namespace sluice {

namespace json = boost::json;

namespace {

constexpr std::int64_t kPlainEnvelope = 0;
constexpr std::int64_t kSealedEnvelope = 1;

Error damaged(std::string message) { return {ConfigError::kDamaged, std::move(message)}; }

result<Secret, Error> opened(const json::string& text, const SealedPlace& place) {
  const std::string_view sealed_text(text.data(), text.size());
  if (place.seal == nullptr) return damaged("is sealed, and store.secret_key_file names no key");
  if (!place.seal->has_key(Seal::key_name(sealed_text)))
    return damaged("is sealed with a key that store.secret_key_file does not hold");
  auto secret = place.seal->open(sealed_text, place.name);
  if (!secret) return damaged("is sealed for another entry or was changed");
  return *std::move(secret);
}

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

bool FieldReader::flag(std::string_view name, bool otherwise) { return flag_if_there(name).value_or(otherwise); }

std::optional<bool> FieldReader::flag_if_there(std::string_view name) {
  const auto value = take(name);
  if (!value) return std::nullopt;
  if (const auto* yes = value->if_bool()) return *yes;
  fail(name, "must be true or false");
  return std::nullopt;
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
  auto secret = unsealed(*value, place_.of(name));
  if (secret.has_value()) return std::move(*secret);
  fail(name, secret.error().message);
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

json::object sealed(const Secret& secret, const SealedPlace& place) {
  if (place.seal == nullptr) return {{"v", kPlainEnvelope}, {"text", secret.reveal()}};
  return {{"v", kSealedEnvelope}, {"text", place.seal->seal(secret.reveal(), place.name)}};
}

result<Secret, Error> unsealed(const json::value& envelope, const SealedPlace& place) {
  const auto* object = envelope.if_object();
  const auto* version = object == nullptr ? nullptr : object->if_contains("v");
  const auto* text = object == nullptr ? nullptr : object->if_contains("text");
  const bool known = version != nullptr && (*version == kPlainEnvelope || *version == kSealedEnvelope);
  if (!known || text == nullptr || !text->is_string()) return damaged("is not an envelope that this version can open");
  if (*version == kSealedEnvelope) return opened(text->get_string(), place);
  return Secret(std::string(text->get_string()));
}

}  // namespace sluice
