#include "logplex/api/frame/query.hpp"

#include <algorithm>
#include <charconv>

namespace sluice::api {

const std::string* QueryParameters::find(std::string_view name) const {
  const auto at = std::ranges::find(list_, name, &List::value_type::first);
  return at == list_.end() ? nullptr : &at->second;
}

checked<bool> QueryParameters::flag(std::string_view name) const {
  const std::string* value = find(name);
  if (value == nullptr || *value == "0" || *value == "false") return false;
  if (*value == "1" || *value == "true") return true;
  return BadInput{std::string(name) + " must be 1, true, 0 or false", std::string(name)};
}

checked<std::uint64_t> QueryParameters::number(std::string_view name, std::uint64_t fallback, std::uint64_t max) const {
  const std::string* value = find(name);
  if (value == nullptr) return fallback;
  std::uint64_t number = 0;
  const char* const last = value->data() + value->size();
  const auto [end, error] = std::from_chars(value->data(), last, number);
  if (error != std::errc() || end != last || number == 0 || number > max)
    return BadInput{std::string(name) + " must be a number from 1 to " + std::to_string(max), std::string(name)};
  return number;
}

}  // namespace sluice::api
