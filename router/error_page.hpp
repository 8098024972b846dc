#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::router {

constexpr std::size_t kErrorPageBound = 1024;

/// What an error page says besides its status.
struct PageFacts {
  std::string_view date;      // an IMF-fixdate
  std::string_view via;       // our name in Via
  bool without_body = false;  // for HEAD
  unsigned retry_after = 0;   // seconds; 0 = not stated
};

/// Writes a complete response with a small page that explains the status. `out` has kErrorPageBound bytes. The
/// connection closes after it.
std::size_t write_error_page(unsigned status, const PageFacts& facts, char* out);

}  // namespace sluice::router
