#include "logplex/channel/owed_file.hpp"

#include <cstring>
#include <memory>

#include <xxhash.h>

#include "logplex/wire/record.hpp"

namespace sluice {
namespace {

constexpr std::uint64_t kMagic = 0x3144'4557'4f43'4c53;  // "SLCOWED1"
constexpr std::uint32_t kVersion = 1;
constexpr unsigned kOwnerOnly = 0600;

// All numbers little endian, as in records.
struct FileHead {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t epoch;
  std::uint64_t log_id;
  std::uint64_t channels;
};

/// The sizes of the blocks stand here and not in the blocks, so that damage in one block, or the text of a line, cannot
/// hide or forge another block.
struct IndexRow {
  std::uint64_t block_bytes;
  std::uint64_t lines;
};

struct BlockHead {
  Seq first;
  std::uint32_t id_size;
  std::uint32_t cursors;
};

struct CursorRow {
  std::uint64_t token_high;
  std::uint64_t token_low;
  Seq next;
  std::uint64_t unreported;
  std::int64_t untold_since_us;
};
static_assert(sizeof(FileHead) == 32 && sizeof(IndexRow) == 16 && sizeof(BlockHead) == 16 && sizeof(CursorRow) == 40);

using Checksum = std::uint64_t;
constexpr std::size_t kLeastBlock = sizeof(BlockHead) + sizeof(Checksum);

constexpr std::uint64_t padded(std::uint64_t size) { return (size + 7) & ~std::uint64_t{7}; }

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

Checksum checksum_of(std::span<const std::byte> bytes) { return XXH64(bytes.data(), bytes.size(), 0); }

std::uint64_t block_bytes(const OwedLines& owed) {
  return sizeof(BlockHead) + padded(owed.channel.size()) + owed.cursors.size() * sizeof(CursorRow) +
         owed.record_bytes() + sizeof(Checksum);
}

/// Writes bytes into the file, and a checksum at the end of each part.
class PartWriter {
 public:
  explicit PartWriter(NewFile& file) : file_(file) { XXH64_reset(hash_.get(), 0); }

  result<void, Error> add(std::span<const std::byte> bytes) {
    XXH64_update(hash_.get(), bytes.data(), bytes.size());
    return file_.write(bytes);
  }
  result<void, Error> end() {
    const Checksum checksum = XXH64_digest(hash_.get());
    XXH64_reset(hash_.get(), 0);
    return file_.write(bytes_of(checksum));
  }

 private:
  struct Free {
    void operator()(XXH64_state_t* state) const { XXH64_freeState(state); }
  };

  NewFile& file_;
  const std::unique_ptr<XXH64_state_t, Free> hash_{XXH64_createState()};
};

result<void, Error> write_index(PartWriter& out, const LogIdentity& identity, std::span<const OwedLines> channels) {
  const FileHead head{kMagic, kVersion, identity.epoch, identity.log_id, channels.size()};
  SLUICE_TRY_VOID(out.add(bytes_of(head)));
  for (const OwedLines& owed : channels) {
    const IndexRow row{block_bytes(owed), owed.lines};
    SLUICE_TRY_VOID(out.add(bytes_of(row)));
  }
  return out.end();
}

result<void, Error> write_block(PartWriter& out, const OwedLines& owed) {
  const BlockHead head{owed.first, static_cast<std::uint32_t>(owed.channel.size()),
                       static_cast<std::uint32_t>(owed.cursors.size())};
  SLUICE_TRY_VOID(out.add(bytes_of(head)));
  std::string id = owed.channel;
  id.resize(padded(id.size()), '\0');
  SLUICE_TRY_VOID(out.add(std::as_bytes(std::span(id))));
  for (const OwedCursor& cursor : owed.cursors) {
    const CursorRow row{cursor.drain.high, cursor.drain.low, cursor.next, cursor.unreported,
                        cursor.unreported_since.time_since_epoch().count()};
    SLUICE_TRY_VOID(out.add(bytes_of(row)));
  }
  for (const auto& piece : owed.records) SLUICE_TRY_VOID(out.add(piece));
  return out.end();
}

Error refuse(OwedFileError error) { return {make_error_code(error), {}}; }

/// Reads and checks the head and the index.
result<std::vector<IndexRow>, Error> read_index(OpenedFile& file, const LogIdentity& identity) {
  FileHead head{};
  if (file.size() < sizeof head + sizeof(Checksum)) return refuse(OwedFileError::kNotOwedLines);
  SLUICE_TRY_VOID(file.read(0, std::as_writable_bytes(std::span(&head, 1))));
  if (head.magic != kMagic) return refuse(OwedFileError::kNotOwedLines);
  if (head.version != kVersion) return refuse(OwedFileError::kUnknownVersion);
  std::uint64_t left = file.size() - sizeof head - sizeof(Checksum);
  if (head.channels > left / sizeof(IndexRow)) return refuse(OwedFileError::kNotOwedLines);
  std::vector<std::byte> bytes(sizeof head + head.channels * sizeof(IndexRow) + sizeof(Checksum));
  SLUICE_TRY_VOID(file.read(0, bytes));
  const std::size_t checked = bytes.size() - sizeof(Checksum);
  Checksum checksum = 0;
  std::memcpy(&checksum, bytes.data() + checked, sizeof checksum);
  if (checksum != checksum_of(std::span(bytes).first(checked))) return refuse(OwedFileError::kNotOwedLines);
  if (head.log_id != identity.log_id || head.epoch >= identity.epoch) return refuse(OwedFileError::kForeignLog);
  std::vector<IndexRow> rows(head.channels);
  if (!rows.empty()) std::memcpy(rows.data(), bytes.data() + sizeof head, rows.size() * sizeof(IndexRow));
  return rows;
}

/// Whether the bytes are whole records that together consume exactly `lines` numbers.
bool records_fit(std::span<const std::byte> records, std::uint64_t lines) {
  while (!records.empty()) {
    const auto size = check_record(records);
    if (!size) return false;
    const std::uint64_t here = RecordView(records.data()).lines();
    if (here > lines) return false;
    lines -= here;
    records = records.subspan(*size);
  }
  return lines == 0;
}

/// Takes cursors off the front of `body`. False when one points outside the block's lines.
bool take_cursors(std::span<const std::byte>& body, std::uint32_t count, OwedLines& owed) {
  for (std::uint32_t i = 0; i < count; ++i) {
    CursorRow row;
    std::memcpy(&row, body.data(), sizeof row);
    body = body.subspan(sizeof row);
    if (row.next < owed.first || row.next > owed.end()) return false;
    const WallTime since{std::chrono::microseconds(row.untold_since_us)};
    owed.cursors.push_back({{row.token_high, row.token_low}, row.next, row.unreported, since});
  }
  return true;
}

/// `owed.bytes` holds the block; fills in the other members. False when the block is damaged.
bool parse_block(const IndexRow& row, Seq before, OwedLines& owed) {
  std::span<const std::byte> body(owed.bytes.get(), row.block_bytes - sizeof(Checksum));
  Checksum checksum = 0;
  std::memcpy(&checksum, body.data() + body.size(), sizeof checksum);
  if (checksum != checksum_of(body)) return false;
  BlockHead head;
  std::memcpy(&head, body.data(), sizeof head);
  body = body.subspan(sizeof head);
  if (head.id_size == 0 || row.lines == 0 || head.first >= before || row.lines > before - head.first) return false;
  if (padded(head.id_size) + std::uint64_t{head.cursors} * sizeof(CursorRow) > body.size()) return false;
  owed.channel.assign(reinterpret_cast<const char*>(body.data()), head.id_size);
  owed.first = head.first;
  owed.lines = row.lines;
  body = body.subspan(padded(head.id_size));
  if (!take_cursors(body, head.cursors, owed)) return false;
  owed.records.push_back(body);
  return records_fit(body, row.lines);
}

}  // namespace

const char* to_text(OwedFileError error) {
  switch (error) {
    case OwedFileError::kNotOwedLines:
      return "the file is damaged, or is not a file of undelivered lines";
    case OwedFileError::kUnknownVersion:
      return "another version of Sluice wrote the file";
    case OwedFileError::kForeignLog:
      return "the file belongs to another log";
  }
  return "unknown error of the file of undelivered lines";
}

result<void, Error> write_owed_file(Files& files, const std::string& path, const LogIdentity& identity,
                                    std::span<const OwedLines> channels) {
  SLUICE_TRY(const auto file, files.begin_replace(path, kOwnerOnly));
  PartWriter out(*file);
  SLUICE_TRY_VOID(write_index(out, identity, channels));
  for (const OwedLines& owed : channels) SLUICE_TRY_VOID(write_block(out, owed));
  return file->commit();
}

result<OwedFile, Error> read_owed_file(OpenedFile& file, const LogIdentity& identity) {
  SLUICE_TRY(const auto rows, read_index(file, identity));
  OwedFile found;
  std::uint64_t at = sizeof(FileHead) + rows.size() * sizeof(IndexRow) + sizeof(Checksum);
  for (const IndexRow& row : rows) {
    OwedLines owed;
    bool good = row.block_bytes >= kLeastBlock && row.block_bytes <= file.size() - at;
    if (good) {
      owed.bytes = std::make_unique_for_overwrite<std::byte[]>(row.block_bytes);
      SLUICE_TRY_VOID(file.read(at, std::span(owed.bytes.get(), row.block_bytes)));
      good = parse_block(row, identity.first_seq(), owed);
      at += row.block_bytes;
    }
    if (good) {
      found.channels.push_back(std::move(owed));
    } else {
      ++found.damaged_channels;
      found.damaged_lines += row.lines;
    }
  }
  return found;
}

}  // namespace sluice
