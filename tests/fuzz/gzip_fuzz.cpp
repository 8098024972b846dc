// Unpacking never yields more than the limit, whole or in pieces.
#include <cstdint>
#include <string>

#include "logplex/base/check.hpp"
#include "logplex/wire/gzip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  constexpr std::size_t kLimit = 50000;
  const std::string_view packed(reinterpret_cast<const char*>(bytes), size);
  const auto whole = sluice::gunzip(packed, kLimit);
  sluice::GzipReader reader(kLimit);
  std::string out;
  const bool fed = reader.feed(packed.substr(0, size / 2), out) && reader.feed(packed.substr(size / 2), out);
  SLUICE_CHECK(out.size() <= kLimit);
  SLUICE_CHECK((fed && reader.finish()) == whole.has_value());
  if (whole) SLUICE_CHECK(*whole == out);
  return 0;
}
