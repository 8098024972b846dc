#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::router {

constexpr std::size_t kErrorPageBound = 1024;

/// What a page of ours says beside its status.
struct PageFacts {
  std::string_view date;      // an IMF-fixdate
  std::string_view via;       // how Via names us
  bool without_body = false;  // for HEAD
  unsigned retry_after = 0;   // seconds; 0 = not said
};

/// Writes a whole response with a small page that says what the status means: `out` has kErrorPageBound bytes. The
/// connection closes after it.
std::size_t write_error_page(unsigned status, const PageFacts& facts, char* out);

}  // namespace sluice::router
