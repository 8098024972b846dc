#include "logplex/channel/channel_numbers.hpp"

#include <algorithm>
#include <cstring>
#include <span>

#include <xxhash.h>

namespace sluice {
namespace {

constexpr std::uint64_t kMagic = 0x3142'4d55'4e43'4c53;  // "SLCNUMB1"
constexpr std::uint32_t kVersion = 1;
constexpr unsigned kOwnerOnly = 0600;
constexpr std::uint64_t kMostNumbers = std::uint64_t{1} << kEpochShift;

// All numbers little endian; ops/protocol/cursor.md has the layout.
struct FileHead {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t epoch;
  std::uint64_t log_id;
  std::uint64_t rows;
};
static_assert(sizeof(FileHead) == 32 && sizeof(ChannelNumbers::Row) == 32);

using Checksum = std::uint64_t;

template <class T>
std::span<const std::byte> bytes_of(const T& values) {
  return std::as_bytes(std::span(values));
}

Checksum checksum_of(const FileHead& head, std::span<const ChannelNumbers::Row> rows) {
  const Checksum of_rows = XXH64(rows.data(), rows.size_bytes(), 0);
  return XXH64(&head, sizeof head, of_rows);
}

Error damaged(const std::string& path) {
  return {make_error_code(boost::system::errc::invalid_argument), path + " is damaged"};
}

}  // namespace

void ChannelNumbers::seal() {
  std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) { return a.key < b.key; });
}

const ChannelNumbers::Row* ChannelNumbers::find(const ChannelKey& key) const {
  const auto at = std::lower_bound(rows_.begin(), rows_.end(), key,
                                   [](const Row& row, const ChannelKey& wanted) { return row.key < wanted; });
  return at != rows_.end() && at->key == key ? &*at : nullptr;
}

result<void, Error> ChannelNumbers::write(Files& files, const std::string& path, const LogIdentity& identity) const {
  const FileHead head{kMagic, kVersion, identity.epoch, identity.log_id, rows_.size()};
  const Checksum checksum = checksum_of(head, rows_);
  SLUICE_TRY(const auto file, files.begin_replace(path, kOwnerOnly));
  SLUICE_TRY_VOID(file->write(std::as_bytes(std::span(&head, 1))));
  SLUICE_TRY_VOID(file->write(bytes_of(rows_)));
  SLUICE_TRY_VOID(file->write(std::as_bytes(std::span(&checksum, 1))));
  return file->commit();
}

result<ChannelNumbers, Error> ChannelNumbers::read(Files& files, const std::string& path, const LogIdentity& identity) {
  ChannelNumbers numbers;
  if (!files.exists(path)) return numbers;
  SLUICE_TRY(const auto file, files.open(path));
  FileHead head{};
  if (file->size() < sizeof head + sizeof(Checksum)) return damaged(path);
  SLUICE_TRY_VOID(file->read(0, std::as_writable_bytes(std::span(&head, 1))));
  if (head.magic != kMagic || head.version != kVersion) return damaged(path);
  if (head.log_id != identity.log_id || head.epoch + 1 != identity.epoch) return numbers;
  const std::uint64_t left = file->size() - sizeof head - sizeof(Checksum);
  if (left % sizeof(Row) != 0 || head.rows != left / sizeof(Row)) return damaged(path);
  numbers.rows_.resize(head.rows);
  SLUICE_TRY_VOID(file->read(sizeof head, std::as_writable_bytes(std::span(numbers.rows_))));
  Checksum checksum = 0;
  SLUICE_TRY_VOID(file->read(sizeof head + left, std::as_writable_bytes(std::span(&checksum, 1))));
  if (checksum != checksum_of(head, numbers.rows_)) return damaged(path);
  for (const Row& row : numbers.rows_)
    if (row.next >= kMostNumbers || row.since > head.epoch) return damaged(path);
  numbers.seal();
  return numbers;
}

}  // namespace sluice
