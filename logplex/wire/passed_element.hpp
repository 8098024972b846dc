#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "logplex/wire/passed.hpp"

namespace sluice {

// Syslog frames have no header of their own that could name the logs which a line has passed, so the line's structured
// data does (ops/protocol/drains.md):
//
//     [sluice@32473 passed="0123456789abcdef,fedcba9876543210"]
//
// Ids have 16 hexadecimal digits. 32473 is the number that RFC 5612 leaves to those who have none.

/// Appends the element for these ids and those that the line brought. Zeros and repeated ids are left out; when nothing
/// is left, so is the element.
void append_passed_element(std::string& out, std::span<const std::uint64_t> own, PassedView before);

/// Takes all such elements out of a parsed line's structured data and adds their ids to `logs`. When there are any,
/// `structured_data` becomes a view into `others`, which then holds the other elements as they came, or a dash. What is
/// not understood says nothing. False: the line has passed more than PassedView::kMost logs.
bool take_passed_elements(std::string_view& structured_data, std::string& others, PassedLogs& logs);

/// Whether a line that passed `ids` has been where `own` are.
bool have_common(std::span<const std::uint64_t> ids, std::span<const std::uint64_t> own);

}  // namespace sluice
