#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// The names of the fields that a filter asks for, each with a number. Unchanged once the filter is parsed.
class FieldNames {
 public:
  static constexpr std::size_t kMost = 32;
  static constexpr std::uint8_t kUnknown = 0xff;

  /// Returns the number of this name; a new name gets the next number. At most kMost names.
  std::uint8_t add(std::string_view name);
  /// kUnknown when the filter does not ask for this name.
  std::uint8_t find(std::string_view name) const;
  std::size_t size() const { return names_.size(); }

 private:
  static constexpr std::size_t kPlaces = 128;  // four per name, so that most other names hit an empty place

  std::vector<std::string> names_;
  std::array<std::uint8_t, kPlaces> places_ = filled();

  static constexpr std::array<std::uint8_t, kPlaces> filled() {
    std::array<std::uint8_t, kPlaces> places{};
    places.fill(kUnknown);
    return places;
  }
};

/// The values of those fields in one text, read in one pass: as JSON when the text is an object, else as logfmt. If a
/// name occurs twice, the first value counts. Valid while the text is.
class LineFields {
 public:
  /// Adds the cost to `work`, roughly in nanoseconds.
  void read(const FieldNames& names, std::string_view text, std::uint64_t& work);
  /// nullptr when the text has no such field. The value is unescaped.
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
