// Unpacking never yields more than the limit, whole or in pieces.
#include <cstdint>
#include <string>

#include "logplex/base/check.hpp"
#include "logplex/wire/gzip.hpp"

namespace {

constexpr std::size_t kLimit = 50000;

sluice::result<std::string> unpack_at_once(std::string_view packed) {
  sluice::GzipReader reader(kLimit);
  std::string out;
  SLUICE_TRY_VOID(reader.feed(packed, out));
  SLUICE_TRY_VOID(reader.finish());
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view packed(reinterpret_cast<const char*>(bytes), size);
  const auto whole = unpack_at_once(packed);
  sluice::GzipReader reader(kLimit);
  std::string out;
  const bool fed = reader.feed(packed.substr(0, size / 2), out) && reader.feed(packed.substr(size / 2), out);
  SLUICE_CHECK(out.size() <= kLimit);
  SLUICE_CHECK((fed && reader.finish()) == whole.has_value());
  if (whole) SLUICE_CHECK(*whole == out);
  return 0;
}
