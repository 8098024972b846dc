#include "logplex/wire/line_fields.hpp"

#include <algorithm>

#include "logplex/base/check.hpp"
#include "logplex/wire/json_fields.hpp"
#include "logplex/wire/logfmt.hpp"

namespace sluice {
namespace {

/// The cost of walking over a text, for each byte and each field.
constexpr std::uint64_t kPerByte = 2;
constexpr std::uint64_t kPerField = 20;

/// Hashes every byte, so that names with a common beginning do not all collide.
std::size_t hash_of(std::string_view name) {
  std::uint32_t hash = 2166136261U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash ^ hash >> 15;
}

}  // namespace

std::uint8_t FieldNames::add(std::string_view name) {
  if (const std::uint8_t known = find(name); known != kUnknown) return known;
  SLUICE_CHECK(names_.size() < kMost);
  std::size_t at = hash_of(name) % kPlaces;
  while (places_[at] != kUnknown) at = (at + 1) % kPlaces;
  places_[at] = static_cast<std::uint8_t>(names_.size());
  names_.emplace_back(name);
  return places_[at];
}

std::uint8_t FieldNames::find(std::string_view name) const {
  for (std::size_t at = hash_of(name) % kPlaces; places_[at] != kUnknown; at = (at + 1) % kPlaces)
    if (names_[places_[at]] == name) return places_[at];
  return kUnknown;
}

bool LineFields::take(const FieldNames& names, std::string_view key, std::string_view raw) {
  const std::uint8_t number = names.find(key);
  if (number == FieldNames::kUnknown || value(number) != nullptr) return true;
  values_[number] = unescaped(raw, unescaped_[number]);
  found_ |= std::uint32_t{1} << number;
  return found_ != wanted_;
}

void LineFields::read(const FieldNames& names, std::string_view text, std::uint64_t& work) {
  found_ = 0;
  wanted_ = names.size() == FieldNames::kMost ? ~std::uint32_t{0} : (std::uint32_t{1} << names.size()) - 1;
  std::uint64_t fields = 0;
  const auto walk = [&](auto scanner) {
    while (scanner.next()) {
      ++fields;
      if (!take(names, scanner.key(), scanner.value())) return;
    }
  };
  if (is_json_object(text))
    walk(JsonMemberScanner(text));
  else
    walk(LogfmtScanner(text));
  work += fields * kPerField + text.size() * kPerByte;
}

}  // namespace sluice
