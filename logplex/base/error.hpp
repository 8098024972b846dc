#pragma once

#include <type_traits>

#include <boost/system/error_category.hpp>

#include "logplex/base/result.hpp"

/// Makes an enum an error_code: SLUICE_ERROR_ENUM(Enum, "folder", text_of) in namespace sluice, after
/// `const char* text_of(Enum)` is declared. Values start at 1.
#define SLUICE_ERROR_ENUM(Enum, folder, text_of) SLUICE_ERROR_ENUM_IN(sluice, Enum, folder, text_of)
/// The same in another namespace.
#define SLUICE_ERROR_ENUM_IN(space, Enum, folder, text_of)                                                           \
  /* Boost's base class has a protected destructor, which g++ warns about. */                                        \
  _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wnon-virtual-dtor\"") class Enum##Category final \
      : public boost::system::error_category {                                                                       \
   public:                                                                                                           \
    const char* name() const noexcept override { return folder; }                                                    \
    std::string message(int value) const override { return text_of(Enum(value)); }                                   \
  };                                                                                                                 \
  _Pragma("GCC diagnostic pop") inline error_code make_error_code(Enum value) {                                      \
    static const Enum##Category kCategory;                                                                           \
    return {static_cast<int>(value), kCategory};                                                                     \
  }                                                                                                                  \
  }                                                                                                                  \
  template <>                                                                                                        \
  struct boost::system::is_error_code_enum<space::Enum> : std::true_type {};                                         \
  namespace space {
