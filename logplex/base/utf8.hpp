#pragma once

#include <cstddef>
#include <string_view>

namespace sluice {

/// Bytes of the well-formed UTF-8 sequence (RFC 3629) that begins at text[at]; 0 when there is none.
std::size_t utf8_sequence_size(std::string_view text, std::size_t at);

}  // namespace sluice
