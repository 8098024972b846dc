#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "logplex/wire/error.hpp"
#include "logplex/wire/line.hpp"

namespace sluice {

/// Why lines are missing where a gap record stands.
enum class LossReason : std::uint8_t {
  kMailboxFull = 1,   // the owner's mailbox had no room
  kRate = 2,          // the channel or its sender was over its rate
  kMemoryBudget = 3,  // evicted before a reader had them
  kRetention = 4,     // older than what the channel keeps
  kRejected = 5,      // the receiver refused them for good
  kShutdown = 6,      // still pending when the process ended
  kSkipped = 7,       // given up by the reader's owner
};
/// The word used in stats and metrics: "mailbox_full", "rate", ...
std::string_view to_string(LossReason reason);

/// The one layout of a line in mailboxes, segments and owed-line files; ops/protocol/record.md has the picture.
///
///   0        4       6      8                   16    17    18     19      20     21     22       24
///   +--------+-------+------+--------------------+-----+-----+------+-------+------+------+--------+
///   | size   | text  | sd   | received us        | pri | time| host | source| proc | msgid| flags  |
///   +--------+-------+------+--------------------+-----+-----+------+-------+------+------+--------+
///   TIME SP HOST SP SOURCE SP PROC SP MSGID SP SD SP TEXT, padded with zeros to a multiple of 8
///
/// All numbers are little endian; `size` counts everything. Empty header fields are stored as "-". `SOURCE SP PROC` is
/// one run of bytes, because every format writes it like that. A gap record has kGap in flags, the number of lines in
/// the first 8 bytes after the header and the reason in `pri`; it consumes that many sequence numbers. kTailsOnly:
/// drains skip the line. Four bits of flags count the ids of passed logs, 8 bytes each, that follow the padding.
struct RecordHeader {
  std::uint32_t size;
  std::uint16_t text_size;
  std::uint16_t sd_size;
  std::int64_t received_us;
  std::uint8_t pri;
  std::uint8_t time_size;
  std::uint8_t host_size;
  std::uint8_t source_size;
  std::uint8_t process_size;
  std::uint8_t msgid_size;
  std::uint16_t flags;

  static constexpr std::uint16_t kGap = 1;
  static constexpr std::uint16_t kTailsOnly = 2;
  static constexpr unsigned kPassedShift = 8;
  static constexpr std::uint16_t kPassedMask = 0xf00;

  std::size_t passed() const { return (flags & kPassedMask) >> kPassedShift; }
};
static_assert(sizeof(RecordHeader) == 24);

/// Longest text and structured data of one record; longer ones are refused at the edge (ingress.frame_max).
constexpr std::size_t kLargestText = 65535;

/// Bytes that `encode_record` will write, a multiple of 8.
std::size_t record_size(const LineView& line);
/// Writes the record to `out`, which has record_size(line) bytes and is aligned to 8.
void encode_record(const LineView& line, std::byte* out);

constexpr std::size_t kGapRecordSize = 32;
void encode_gap(std::uint64_t lines, LossReason reason, WallTime now, std::byte* out);

/// For bytes that may be damaged or hostile (a file, Kafka). Returns the size of the record at their start when the
/// record is whole and every length, separator and padding byte matches the layout; then RecordView may read it.
/// kBadRecord otherwise.
result<std::size_t> check_record(std::span<const std::byte> bytes);

/// A record in memory that is known to be whole (segments, mailboxes). Views stay valid as long as the bytes.
class RecordView {
 public:
  explicit RecordView(const std::byte* at) : at_(at) { std::memcpy(&header_, at, sizeof header_); }

  std::size_t size() const { return header_.size; }
  bool is_gap() const { return (header_.flags & RecordHeader::kGap) != 0; }
  /// Sequence numbers this record consumes: 1, or a gap's count.
  std::uint64_t lines() const { return is_gap() ? gap_lines() : 1; }
  std::uint64_t gap_lines() const {
    std::uint64_t count = 0;
    std::memcpy(&count, at_ + sizeof header_, sizeof count);
    return count;
  }
  LossReason gap_reason() const { return static_cast<LossReason>(header_.pri); }

  bool tails_only() const { return (header_.flags & RecordHeader::kTailsOnly) != 0; }

  /// Logs that the line has passed before this one.
  PassedView passed() const {
    const std::size_t count = header_.passed();
    return {at_ + header_.size - count * sizeof(std::uint64_t), count};
  }

  std::uint8_t pri() const { return header_.pri; }
  WallTime received() const { return WallTime(std::chrono::microseconds(header_.received_us)); }
  std::string_view time() const { return text_at(0, header_.time_size); }
  std::string_view host() const { return text_at(host_offset(), header_.host_size); }
  std::string_view source() const { return text_at(source_offset(), header_.source_size); }
  std::string_view process() const { return text_at(process_offset(), header_.process_size); }
  std::string_view msgid() const { return text_at(msgid_offset(), header_.msgid_size); }
  std::string_view structured_data() const { return text_at(sd_offset(), header_.sd_size); }
  std::string_view text() const { return text_at(text_offset(), header_.text_size); }
  /// `SOURCE SP PROC` as one run.
  std::string_view source_and_process() const {
    return text_at(source_offset(), std::size_t{header_.source_size} + 1 + header_.process_size);
  }
  /// `TIME SP HOST SP SOURCE SP PROC SP MSGID SP SD SP TEXT` as one run: all of an RFC 5424 message but its priority.
  std::string_view fields_and_text() const { return text_at(0, text_offset() + header_.text_size); }
  LineView line() const {
    return {pri(),   received(),        time(), host(),       source(), process(),
            msgid(), structured_data(), text(), tails_only(), passed()};
  }
  const std::byte* bytes() const { return at_; }

 private:
  std::size_t host_offset() const { return header_.time_size + std::size_t{1}; }
  std::size_t source_offset() const { return host_offset() + header_.host_size + 1; }
  std::size_t process_offset() const { return source_offset() + header_.source_size + 1; }
  std::size_t msgid_offset() const { return process_offset() + header_.process_size + 1; }
  std::size_t sd_offset() const { return msgid_offset() + header_.msgid_size + 1; }
  std::size_t text_offset() const { return sd_offset() + header_.sd_size + 1; }
  std::string_view text_at(std::size_t offset, std::size_t size) const {
    return {reinterpret_cast<const char*>(at_ + sizeof header_) + offset, size};
  }

  const std::byte* at_;
  RecordHeader header_;
};

}  // namespace sluice
