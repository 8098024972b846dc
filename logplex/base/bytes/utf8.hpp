#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

/// Size of the well-formed UTF-8 sequence (RFC 3629) that begins at text[at]; 0 when there is none.
std::size_t utf8_sequence_size(std::string_view text, std::size_t at);

/// Size of the UTF-8 sequence at the start of the text, if a person sees it as it is. 0 when there is none, for control
/// characters (C0, DEL, C1), line and paragraph separators, and characters that have no width or change the order in
/// which text is shown (Unicode TR 36, section 2.10): U+061C, U+200B to U+200F, U+2028 to U+202E, U+2060 to U+206F and
/// U+FEFF.
std::size_t visible_sequence_size(std::string_view text);

bool is_utf8(std::string_view text);
/// UTF-8 without C0 control characters and DEL.
bool is_plain_text(std::string_view text);

/// Makes text of any origin safe to show in a log, a list or a JSON answer. Bytes that are not UTF-8 and characters
/// that cannot be seen become U+FFFD. A result over `most` bytes is cut and ends in "...".
std::string shown_text(std::string_view text, std::size_t most = 128);
/// The text with U+FFFD in place of each byte that is not part of a well-formed sequence.
std::string valid_utf8(std::string_view text);

}  // namespace sluice
