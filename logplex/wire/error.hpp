#pragma once

#include "logplex/base/error.hpp"

namespace sluice {

/// What bytes from outside can be wrong about. None of them is worth a retry with the same bytes.
enum class WireError {
  kBadRecord = 1,  // a record whose lengths do not add up: skip it and count it
  kBadGzip,        // not gzip, damaged or cut short: refuse the body
  kTooLarge,       // more than the limit allows once unpacked: refuse the body
  kBadFilter,      // a filter that cannot be read: tell its author which term
  kDearFilter,     // a filter that could be read but costs too much for each line: the same
};
const char* text_of(WireError error);

SLUICE_ERROR_ENUM(WireError, "wire", text_of)

}  // namespace sluice
