// Fields of any text lie within it, and looking for them ends.
#include <cstdint>
#include <string>
#include <string_view>

#include "logplex/base/check.hpp"
#include "logplex/wire/json_fields.hpp"
#include "logplex/wire/logfmt.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  sluice::LogfmtScanner scanner(text);
  std::size_t pairs = 0;
  std::string storage;
  while (scanner.next()) {
    SLUICE_CHECK(++pairs <= size && !scanner.key().empty());
    SLUICE_CHECK(scanner.value().data() + scanner.value().size() <= text.data() + text.size());
    SLUICE_CHECK(sluice::unescaped(scanner.value(), storage).size() <= scanner.value().size());
  }
  if (const auto value = sluice::find_json_member(text, "a"))
    SLUICE_CHECK(value->data() >= text.data() && value->data() + value->size() <= text.data() + text.size());
  return 0;
}
