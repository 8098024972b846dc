#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

/// Decodes RFC 4648 section 4. Accepts missing padding and refuses every other error.
std::optional<std::string> base64_decoded(std::string_view text);
/// RFC 4648 section 4, padded.
std::string base64_encoded(std::string_view bytes);

}  // namespace sluice
