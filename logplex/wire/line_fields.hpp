#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// The names of fields that a filter asks for, each with a number. Immutable.
class FieldNames {
 public:
  static constexpr std::size_t kMost = 32;
  static constexpr std::uint8_t kUnknown = 0xff;

  /// The number of this name; a new one when it is new. At most kMost names.
  std::uint8_t add(std::string_view name);
  /// kUnknown when nobody asked for it.
  std::uint8_t find(std::string_view name) const;
  std::size_t size() const { return names_.size(); }

 private:
  static constexpr std::size_t kPlaces = 128;  // four for each name, so that most others are told apart at once

  std::vector<std::string> names_;
  std::array<std::uint8_t, kPlaces> places_ = filled();

  static constexpr std::array<std::uint8_t, kPlaces> filled() {
    std::array<std::uint8_t, kPlaces> places{};
    places.fill(kUnknown);
    return places;
  }
};

/// The values that one text has for such names: read in one pass, as JSON when the text is an object, else as logfmt.
/// Of a name that stands twice, the first. Valid while the text is.
class LineFields {
 public:
  /// Adds its work, in about nanoseconds.
  void read(const FieldNames& names, std::string_view text, std::uint64_t& work);
  /// nullptr when the text has no such field. Escapes are replaced by what they mean.
  const std::string_view* value(std::uint8_t number) const {
    return (found_ >> number & 1) != 0 ? &values_[number] : nullptr;
  }

 private:
  /// False when all have been found.
  bool take(const FieldNames& names, std::string_view key, std::string_view raw);

  std::uint32_t found_ = 0;
  std::uint32_t wanted_ = 0;
  std::array<std::string_view, FieldNames::kMost> values_;
  std::array<std::string, FieldNames::kMost> unescaped_;  // of values with escapes
};

}  // namespace sluice
