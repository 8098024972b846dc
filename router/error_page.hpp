#pragma once

#include <cstddef>
#include <string_view>

namespace sluice {

constexpr std::size_t kErrorPageBound = 1024;

/// Writes a whole response with a small page that says what the status means: `out` has kErrorPageBound bytes. The
/// connection closes after it. `date` is an IMF-fixdate; without_body for HEAD.
std::size_t write_error_page(unsigned status, std::string_view date, bool without_body, char* out);

}  // namespace sluice
