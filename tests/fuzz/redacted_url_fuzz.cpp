// Redaction takes any bytes, keeps the scheme, and showing what is already redacted changes nothing.
#include <cstdint>
#include <string_view>

#include "drains/facts/shown_url.hpp"
#include "logplex/base/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view url(reinterpret_cast<const char*>(bytes), size);
  const auto shown = sluice::drains::redacted_url(url);
  SLUICE_CHECK(sluice::drains::redacted_url(shown) == shown);
  const auto scheme = url.find("://");
  if (scheme != std::string_view::npos) SLUICE_CHECK(shown.substr(0, scheme + 3) == url.substr(0, scheme + 3));
  return 0;
}
