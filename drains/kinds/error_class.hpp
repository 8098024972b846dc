#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::drains {

/// Why delivery to a receiver failed. The list is closed: error_classes.def has a row for each class, and a transport
/// can report no other.
enum class ErrorClass : std::uint8_t {
  kNone,  // nothing failed
#define SLUICE_ERROR_CLASS(name, text) name,
#include "drains/kinds/error_classes.def"
#undef SLUICE_ERROR_CLASS
};

/// By ErrorClass.
inline constexpr auto kErrorClassNames = std::to_array<std::string_view>({
    "",
#define SLUICE_ERROR_CLASS(name, text) text,
#include "drains/kinds/error_classes.def"
#undef SLUICE_ERROR_CLASS
});

/// The name in drain tests and metrics; empty for kNone.
constexpr std::string_view to_string(ErrorClass error_class) {
  return kErrorClassNames[static_cast<std::size_t>(error_class)];
}

}  // namespace sluice::drains
