#pragma once

#include "logplex/base/error.hpp"

namespace sluice {

/// What can be wrong with bytes from outside. A retry with the same bytes never helps.
enum class WireError {
  kBadRecord = 1,  // a record whose lengths do not add up: skip it and count it
  kBadGzip,        // not gzip, damaged or cut short: refuse the body
  kTooLarge,       // more than the limit allows once unpacked: refuse the body
  kBadFilter,      // a filter that cannot be read: tell its author which term
  kDearFilter,     // a valid filter that costs too much for each line: tell its author which term
};
const char* text_of(WireError error);

SLUICE_ERROR_ENUM(WireError, "wire", text_of)

}  // namespace sluice
