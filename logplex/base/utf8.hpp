#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

/// Bytes of the well-formed UTF-8 sequence (RFC 3629) that begins at text[at]; 0 when there is none.
std::size_t utf8_sequence_size(std::string_view text, std::size_t at);

bool is_utf8(std::string_view text);
/// UTF-8 without control characters.
bool is_plain_text(std::string_view text);

/// The text as it may stand in a log, a list or a JSON answer, whoever chose it: what is not UTF-8 and control
/// characters become U+FFFD, and what is longer than `most` bytes ends in "...".
std::string shown_text(std::string_view text, std::size_t most = 128);
/// The text with U+FFFD in place of each byte that is not part of a well-formed sequence.
std::string valid_utf8(std::string_view text);

}  // namespace sluice
