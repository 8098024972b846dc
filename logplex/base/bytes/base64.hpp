#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

/// RFC 4648 section 4; missing padding is accepted, anything else that is not base64 is not.
std::optional<std::string> base64_decoded(std::string_view text);
/// RFC 4648 section 4, padded.
std::string base64_encoded(std::string_view bytes);

}  // namespace sluice
