#include "logplex/wire/record.hpp"

#include <algorithm>
#include <new>

namespace sluice {
namespace {

constexpr std::size_t padded(std::size_t size) { return (size + 7) & ~std::size_t{7}; }

std::string_view or_dash(std::string_view field) { return field.empty() ? std::string_view("-") : field; }

/// Longer header fields are cut. RFC 5424 allows no field but the host to be this long.
constexpr std::size_t kLongestHeader = 255;

/// Whether a line can be stored as it is: no field is empty, none too long, and it has passed no other log. One
/// comparison checks all header fields: for an empty field, size - 1 is the largest number there is, and `|` is at
/// least as large as each operand. `|` can also exceed the limit when no field does, so a few lines with fields of over
/// 128 bytes take the slow path needlessly.
bool is_usual(const LineView& line) {
  const std::size_t headers = (line.time.size() - 1) | (line.host.size() - 1) | (line.source.size() - 1) |
                              (line.process.size() - 1) | (line.msgid.size() - 1);
  const std::size_t rest = (line.structured_data.size() - 1) | line.text.size() | line.passed.mark();
  return headers < kLongestHeader && rest < kLargestText;
}

/// Cuts fields that are too long for the header's numbers; every input has refused such texts before. Replaces empty
/// fields by a dash.
LineView storable(LineView line) {
  for (std::string_view* header : {&line.time, &line.host, &line.source, &line.process, &line.msgid})
    *header = or_dash(header->substr(0, kLongestHeader));
  line.structured_data = or_dash(line.structured_data.substr(0, kLargestText));
  line.text = line.text.substr(0, kLargestText);
  return line;
}

/// Writes fields separated by spaces. The fields of a parsed line lie side by side in its message, so neighbours are
/// copied together: three copies for a line whose source was replaced.
class FieldWriter {
 public:
  FieldWriter(char* out, std::string_view first)
      : out_(out), run_begin_(first.data()), run_end_(first.data() + first.size()) {}

  void put(std::string_view field) {
    if (field.data() != run_end_ + 1 || *run_end_ != ' ') begin_run(field);
    run_end_ = field.data() + field.size();
  }

  void finish() {
    if (run_begin_ != run_end_) std::memcpy(out_, run_begin_, run_size());
  }

 private:
  std::size_t run_size() const { return static_cast<std::size_t>(run_end_ - run_begin_); }

  void begin_run(std::string_view field) {
    std::memcpy(out_, run_begin_, run_size());
    out_ += run_size();
    *out_++ = ' ';
    run_begin_ = field.data();
  }

  char* out_;
  const char* run_begin_;
  const char* run_end_;
};

std::size_t size_of_storable(const LineView& line) {
  return padded(sizeof(RecordHeader) + line.time.size() + line.host.size() + line.source.size() + line.process.size() +
                line.msgid.size() + line.structured_data.size() + line.text.size() + 6);
}

void encode_storable(const LineView& line, std::byte* out) {
  const std::size_t size = size_of_storable(line);
  std::memset(out + size - 8, 0, 8);
  ::new (out) RecordHeader{.size = static_cast<std::uint32_t>(size),
                           .text_size = static_cast<std::uint16_t>(line.text.size()),
                           .sd_size = static_cast<std::uint16_t>(line.structured_data.size()),
                           .received_us = line.received.time_since_epoch().count(),
                           .pri = line.pri,
                           .time_size = static_cast<std::uint8_t>(line.time.size()),
                           .host_size = static_cast<std::uint8_t>(line.host.size()),
                           .source_size = static_cast<std::uint8_t>(line.source.size()),
                           .process_size = static_cast<std::uint8_t>(line.process.size()),
                           .msgid_size = static_cast<std::uint8_t>(line.msgid.size()),
                           .flags = line.tails_only ? RecordHeader::kTailsOnly : std::uint16_t{0}};
  FieldWriter writer(reinterpret_cast<char*>(out + sizeof(RecordHeader)), line.time);
  writer.put(line.host);
  writer.put(line.source);
  writer.put(line.process);
  writer.put(line.msgid);
  writer.put(line.structured_data);
  writer.put(line.text);
  writer.finish();
}

std::size_t passed_bytes(const LineView& line) {
  return std::min(line.passed.size(), PassedView::kMost) * sizeof(std::uint64_t);
}

// Separate functions, so that usual lines do not pay for them.
[[gnu::noinline, gnu::cold]] std::size_t size_of_unusual(const LineView& line) {
  return size_of_storable(storable(line)) + passed_bytes(line);
}
[[gnu::noinline, gnu::cold]] void encode_unusual(const LineView& line, std::byte* out) {
  encode_storable(storable(line), out);
  const std::size_t bytes = passed_bytes(line);
  if (bytes == 0) return;
  RecordHeader header;
  std::memcpy(&header, out, sizeof header);
  std::memcpy(out + header.size, line.passed.data(), bytes);
  header.size += static_cast<std::uint32_t>(bytes);
  header.flags = static_cast<std::uint16_t>(header.flags | bytes / sizeof(std::uint64_t) << RecordHeader::kPassedShift);
  std::memcpy(out, &header, sizeof header);
}

}  // namespace

std::string_view to_string(LossReason reason) {
  switch (reason) {
    case LossReason::kMailboxFull:
      return "mailbox_full";
    case LossReason::kRate:
      return "rate";
    case LossReason::kMemoryBudget:
      return "memory_budget";
    case LossReason::kRetention:
      return "retention";
    case LossReason::kRejected:
      return "rejected";
    case LossReason::kShutdown:
      return "shutdown";
    case LossReason::kSkipped:
      return "skipped";
  }
  return "unknown";
}

std::size_t record_size(const LineView& line) {
  return is_usual(line) ? size_of_storable(line) : size_of_unusual(line);
}

void encode_record(const LineView& line, std::byte* out) {
  if (!is_usual(line)) [[unlikely]]
    return encode_unusual(line, out);
  encode_storable(line, out);
}

void encode_gap(std::uint64_t lines, LossReason reason, WallTime now, std::byte* out) {
  RecordHeader header{};
  header.size = kGapRecordSize;
  header.received_us = now.time_since_epoch().count();
  header.pri = static_cast<std::uint8_t>(reason);
  header.flags = RecordHeader::kGap;
  std::memcpy(out, &header, sizeof header);
  std::memcpy(out + sizeof header, &lines, sizeof lines);
}

namespace {

/// Each separator stands where the lengths say, and only zeros follow the text.
bool fields_fit(const RecordHeader& header, std::string_view body) {
  const std::size_t sizes[] = {header.time_size,    header.host_size,  header.source_size,
                               header.process_size, header.msgid_size, header.sd_size};
  std::size_t at = 0;
  for (const std::size_t size : sizes) {
    at += size;
    if (size == 0 || at >= body.size() || body[at] != ' ') return false;
    ++at;
  }
  at += header.text_size;
  if (at > body.size() || padded(sizeof header + at) != sizeof header + body.size()) return false;
  return body.find_first_not_of('\0', at) == std::string_view::npos;
}

bool gap_fits(const RecordHeader& header, const std::byte* at) {
  if (header.size != kGapRecordSize || header.pri < 1 || header.pri > std::uint8_t(LossReason::kSkipped)) return false;
  return RecordView(at).gap_lines() > 0;
}

bool record_fits(std::span<const std::byte> bytes) {
  RecordHeader header;
  if (bytes.size() < kGapRecordSize) return false;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.size > bytes.size() || header.size < kGapRecordSize || header.size % 8 != 0) return false;
  if (header.flags == RecordHeader::kGap) return gap_fits(header, bytes.data());
  if ((header.flags & ~(RecordHeader::kTailsOnly | RecordHeader::kPassedMask)) != 0 || header.pri > 191) return false;
  const char* body = reinterpret_cast<const char*>(bytes.data() + sizeof header);
  const std::size_t passed = header.passed() * sizeof(std::uint64_t);
  if (header.size < kGapRecordSize + passed) return false;
  return fields_fit(header, {body, header.size - sizeof header - passed});
}

}  // namespace

result<std::size_t> check_record(std::span<const std::byte> bytes) {
  if (!record_fits(bytes)) return WireError::kBadRecord;
  return RecordView(bytes.data()).size();
}

}  // namespace sluice
