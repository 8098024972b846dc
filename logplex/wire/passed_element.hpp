#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "logplex/wire/passed.hpp"

namespace sluice {

// A syslog frame has no header that could name the logs which a line has passed, so the line's structured data names
// them (ops/protocol/drains.md):
//
//     [sluice@32473 passed="0123456789abcdef,fedcba9876543210"]
//
// Ids have 16 hexadecimal digits. 32473 is the enterprise number that RFC 5612 reserves for documentation.

/// Appends one element with the ids in `own` and those that the line brought. Skips zeros and repeated ids; appends
/// nothing when no id is left.
void append_passed_element(std::string& out, std::span<const std::uint64_t> own, PassedView before);

/// Takes all such elements out of a parsed line's structured data and adds their ids to `logs`. If there were any,
/// `structured_data` becomes a view into `others`, which then holds the other elements as they came, or a dash. Ignores
/// ids that it cannot parse. False when the line has passed more than PassedView::kMost logs.
bool take_passed_elements(std::string_view& structured_data, std::string& others, PassedLogs& logs);

/// Whether a line that passed `ids` has passed any of `own`.
bool have_common(std::span<const std::uint64_t> ids, std::span<const std::uint64_t> own);

}  // namespace sluice
