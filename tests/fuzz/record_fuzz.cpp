// What check_record lets pass can be read and rendered without leaving its bytes.
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "logplex/base/check.hpp"
#include "logplex/wire/record.hpp"
#include "logplex/wire/render.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::vector<std::uint64_t> words(size / 8 + 1);
  std::memcpy(words.data(), bytes, size);
  const auto found = sluice::check_record(std::as_bytes(std::span(words)).first(size));
  if (!found) return 0;
  SLUICE_CHECK(*found <= size && *found % 8 == 0);
  const sluice::RecordView record(reinterpret_cast<const std::byte*>(words.data()));
  SLUICE_CHECK(record.lines() > 0);
  if (record.is_gap()) return 0;
  const char* end = reinterpret_cast<const char*>(words.data()) + *found;
  SLUICE_CHECK(record.text().data() + record.text().size() <= end);
  std::vector<std::uint64_t> again(sluice::record_size(record.line()) / 8);
  sluice::encode_record(record.line(), reinterpret_cast<std::byte*>(again.data()));
  SLUICE_CHECK(again.size() * 8 == *found && std::memcmp(again.data(), words.data(), *found) == 0);
  std::string line(sluice::http_frame_size(record), '\0');
  SLUICE_CHECK(sluice::write_http_frame(record, line.data()) == line.data() + line.size());
  return 0;
}
