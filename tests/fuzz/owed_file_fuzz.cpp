// A file of owed lines that is read without error holds whole records that fill their numbers, and takes no more memory
// than it has bytes. With checksums put right, so that what is behind them is reached too.
#include <cstdint>
#include <cstring>
#include <string>

#include <xxhash.h>

#include "logplex/base/check.hpp"
#include "logplex/channel/owed_file.hpp"

namespace {

using namespace sluice;

class BytesFile final : public OpenedFile {
 public:
  explicit BytesFile(std::string& bytes) : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  result<void, Error> read(std::uint64_t offset, std::span<std::byte> out) override {
    SLUICE_CHECK(offset <= bytes_.size() && out.size() <= bytes_.size() - offset);
    if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
    return {};
  }

 private:
  std::string& bytes_;
};

void put_checksum(std::string& bytes, std::uint64_t from, std::uint64_t to) {
  const std::uint64_t checksum = XXH64(bytes.data() + from, to - from, 0);
  std::memcpy(bytes.data() + to, &checksum, sizeof checksum);
}

std::uint64_t number_at(const std::string& bytes, std::uint64_t at) {
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

/// As the layout in ops/protocol/owed.md says: head and index, then blocks.
void put_checksums_right(std::string& bytes) {
  if (bytes.size() < 40) return;
  const std::uint64_t channels = number_at(bytes, 24);
  if (channels > (bytes.size() - 40) / 16) return;
  const std::uint64_t index_end = 32 + channels * 16;
  put_checksum(bytes, 0, index_end);
  std::uint64_t at = index_end + 8;
  for (std::uint64_t i = 0; i < channels; ++i) {
    const std::uint64_t size = number_at(bytes, 32 + i * 16);
    if (size < 8 || size > bytes.size() - at) continue;
    put_checksum(bytes, at, at + size - 8);
    at += size;
  }
}

void check(std::string& bytes) {
  constexpr LogIdentity kIdentity{0x1234, 4};
  BytesFile file(bytes);
  const auto found = read_owed_file(file, kIdentity);
  if (!found) return;
  for (const OwedLines& owed : found->channels) {
    SLUICE_CHECK(!owed.channel.empty() && owed.lines > 0 && owed.end() <= kIdentity.first_seq());
    for (const OwedCursor& cursor : owed.cursors) SLUICE_CHECK(cursor.next >= owed.first && cursor.next <= owed.end());
    std::uint64_t lines = 0;
    for (std::span<const std::byte> rest : owed.records) {
      while (!rest.empty()) {
        const RecordView record(rest.data());
        lines += record.lines();
        rest = rest.subspan(record.size());
      }
    }
    SLUICE_CHECK(lines == owed.lines && owed.record_bytes() <= bytes.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  put_checksums_right(bytes);
  check(bytes);
  return 0;
}
