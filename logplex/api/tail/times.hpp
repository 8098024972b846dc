#pragma once

#include <optional>
#include <string_view>

#include "logplex/base/clock.hpp"

namespace sluice::api {

/// Parses an RFC 3339 timestamp ("2026-01-02T03:04:05Z", also with fractions and offsets; a space may replace the T),
/// or a duration ("10m"), which means that long before `now`. None for anything else.
std::optional<WallTime> parse_moment(std::string_view text, WallTime now);

}  // namespace sluice::api
