#pragma once

#include <optional>
#include <string_view>

#include "logplex/base/clock.hpp"

namespace sluice::api {

/// Reads an RFC 3339 timestamp ("2026-01-02T03:04:05Z", fractions and offsets too; a space may stand for the T), or a
/// duration ("10m") that means so long before `now`. None for anything else.
std::optional<WallTime> parse_moment(std::string_view text, WallTime now);

}  // namespace sluice::api
