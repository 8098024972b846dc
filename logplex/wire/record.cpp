#include "logplex/wire/record.hpp"

#include <algorithm>

#include "logplex/base/check.hpp"

namespace sluice {
namespace {

constexpr std::size_t padded(std::size_t size) { return (size + 7) & ~std::size_t{7}; }

std::string_view or_dash(std::string_view field) { return field.empty() ? std::string_view("-") : field; }

/// Longer texts are cut, because a length has 16 bits. Every way in refuses them before.
std::string_view cut(std::string_view text) { return {text.data(), std::min(text.size(), kLargestText)}; }

bool is_too_long(const LineView& line) { return (line.text.size() | line.structured_data.size()) > kLargestText; }

LineView shortened(LineView line) {
  line.text = cut(line.text);
  line.structured_data = cut(line.structured_data);
  return line;
}

// Functions of their own, so that lines of usual length do not pay for them.
[[gnu::noinline, gnu::cold]] std::size_t size_of_shortened(const LineView& line) {
  return record_size(shortened(line));
}
[[gnu::noinline, gnu::cold]] void encode_shortened(const LineView& line, std::byte* out) {
  encode_record(shortened(line), out);
}

/// Header fields beyond 255 bytes are cut: RFC 5424 allows no field but the host so long.
std::string_view field(std::string_view text) {
  return or_dash({text.data(), std::min<std::size_t>(text.size(), 255)});
}

/// Writes fields with a space behind each. A parsed line's fields stand in one run in its message, so what already has
/// its space and its successor behind it is copied together: three copies for a line whose source was replaced.
class FieldWriter {
 public:
  explicit FieldWriter(char* out) : out_(out) {}

  void put(std::string_view field) {
    if (continues(field)) {
      run_ = {run_.data(), run_.size() + 1 + field.size()};
      return;
    }
    if (run_.data() != nullptr) {
      write_run();
      *out_++ = ' ';
    }
    run_ = field;
  }

  void finish() {
    if (!run_.empty()) write_run();
  }

 private:
  bool continues(std::string_view field) const {
    if (run_.data() == nullptr || field.data() != run_.data() + run_.size() + 1) return false;
    return field.data()[-1] == ' ';
  }

  void write_run() {
    std::memcpy(out_, run_.data(), run_.size());
    out_ += run_.size();
  }

  char* out_;
  std::string_view run_;
};

std::size_t body_size(const RecordHeader& h) {
  return std::size_t{h.time_size} + h.host_size + h.source_size + h.process_size + h.msgid_size + h.sd_size +
         h.text_size + 6;
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
  if (is_too_long(line)) [[unlikely]]
    return size_of_shortened(line);
  const auto dashed = [](std::string_view text) { return text.size() + std::size_t{text.empty()}; };
  const auto sized = [&dashed](std::string_view text) { return std::min<std::size_t>(dashed(text), 255); };
  return padded(sizeof(RecordHeader) + sized(line.time) + sized(line.host) + sized(line.source) + sized(line.process) +
                sized(line.msgid) + dashed(line.structured_data) + line.text.size() + 6);
}

void encode_record(const LineView& line, std::byte* out) {
  if (is_too_long(line)) [[unlikely]]
    return encode_shortened(line, out);
  const std::string_view time = field(line.time);
  const std::string_view host = field(line.host);
  const std::string_view source = field(line.source);
  const std::string_view process = field(line.process);
  const std::string_view msgid = field(line.msgid);
  const std::string_view sd = or_dash(line.structured_data);
  const std::string_view text = line.text;
  RecordHeader header{};
  header.text_size = static_cast<std::uint16_t>(text.size());
  header.sd_size = static_cast<std::uint16_t>(sd.size());
  header.received_us = line.received.time_since_epoch().count();
  header.pri = line.pri;
  header.time_size = static_cast<std::uint8_t>(time.size());
  header.host_size = static_cast<std::uint8_t>(host.size());
  header.source_size = static_cast<std::uint8_t>(source.size());
  header.process_size = static_cast<std::uint8_t>(process.size());
  header.msgid_size = static_cast<std::uint8_t>(msgid.size());
  header.flags = line.tails_only ? RecordHeader::kTailsOnly : 0;
  header.size = static_cast<std::uint32_t>(padded(sizeof header + body_size(header)));
  std::memset(out + header.size - 8, 0, 8);
  std::memcpy(out, &header, sizeof header);
  FieldWriter writer(reinterpret_cast<char*>(out + sizeof header));
  writer.put(time);
  writer.put(host);
  writer.put(source);
  writer.put(process);
  writer.put(msgid);
  writer.put(sd);
  writer.put(text);
  writer.finish();
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
  if ((header.flags & ~RecordHeader::kTailsOnly) != 0 || header.pri > 191) return false;
  const char* body = reinterpret_cast<const char*>(bytes.data() + sizeof header);
  return fields_fit(header, {body, header.size - sizeof header});
}

}  // namespace

result<std::size_t> check_record(std::span<const std::byte> bytes) {
  if (!record_fits(bytes)) return WireError::kBadRecord;
  return RecordView(bytes.data()).size();
}

}  // namespace sluice
