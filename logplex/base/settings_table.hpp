#pragma once

#include <span>
#include <string_view>
#include <variant>

#include "logplex/base/settings.hpp"

namespace sluice {

/// Finds the field that a row's value goes to. The alternative is the row's type.
using SettingField = std::variant<std::string* (*)(Settings&), Secret* (*)(Settings&), bool* (*)(Settings&),
                                  std::uint64_t* (*)(Settings&), Bytes* (*)(Settings&), Duration* (*)(Settings&),
                                  std::vector<std::string>* (*)(Settings&), Portion* (*)(Settings&)>;

/// One row of the settings table.
struct SettingRow {
  std::string_view name;
  SettingField field;
  std::string_view default_value;
  /// Numbers, sizes and durations: "LOW..HIGH". Text: "a|b|c", the words allowed. Empty: anything.
  std::string_view bounds;
  bool live;
  std::string_view sentence;
};

std::span<const SettingRow> settings_table();

}  // namespace sluice
