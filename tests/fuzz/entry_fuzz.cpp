// A stored entry is read or refused with a sentence; what is read can be written and read again under its key. The
// first byte chooses the kind, the first line is the key, the rest is the entry.
#include <cstdint>
#include <string_view>

#include "logplex/base/check.hpp"
#include "logplex/model/entry.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const auto kind = sluice::EntryKind(bytes[0] % std::variant_size_v<sluice::Entry>);
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  const auto entry = sluice::decode_entry(kind, text.substr(0, end), text.substr(end + 1));
  if (entry.has_error()) {
    SLUICE_CHECK(!entry.error().message.empty());
    return 0;
  }
  SLUICE_CHECK(sluice::kind_of(*entry) == kind);
  const auto again = sluice::decode_entry(kind, sluice::key_of(*entry), sluice::encode_entry(*entry));
  SLUICE_CHECK(again.has_value());
  SLUICE_CHECK(sluice::key_of(*again) == sluice::key_of(*entry));
  return 0;
}
