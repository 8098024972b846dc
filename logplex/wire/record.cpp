#include "logplex/wire/record.hpp"

#include "logplex/base/check.hpp"

namespace sluice {
namespace {

constexpr std::size_t padded(std::size_t size) { return (size + 7) & ~std::size_t{7}; }

std::string_view or_dash(std::string_view field) { return field.empty() ? std::string_view("-") : field; }

/// Header fields beyond 255 bytes are cut: RFC 5424 allows no field but the host so long.
std::string_view field(std::string_view text) { return or_dash(text.substr(0, 255)); }

char* put(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* put_field(char* out, std::string_view text) {
  out = put(out, text);
  *out = ' ';
  return out + 1;
}

}  // namespace

std::string_view to_string(LossReason reason) {
  switch (reason) {
    case LossReason::kMailboxFull: return "mailbox_full";
    case LossReason::kQuota: return "quota";
    case LossReason::kMemoryBudget: return "memory_budget";
    case LossReason::kRetention: return "retention";
    case LossReason::kRejected: return "rejected";
    case LossReason::kShutdown: return "shutdown";
  }
  return "unknown";
}

std::size_t record_size(const LineView& line) {
  return padded(sizeof(RecordHeader) + field(line.time).size() + field(line.host).size() + field(line.source).size() +
                field(line.process).size() + field(line.msgid).size() + or_dash(line.structured_data).size() +
                line.text.size() + 6);
}

void encode_record(const LineView& line, std::byte* out) {
  SLUICE_DCHECK(line.text.size() <= kLargestText && line.structured_data.size() <= kLargestText);
  const std::string_view time = field(line.time);
  const std::string_view host = field(line.host);
  const std::string_view source = field(line.source);
  const std::string_view process = field(line.process);
  const std::string_view msgid = field(line.msgid);
  const std::string_view sd = or_dash(line.structured_data);
  RecordHeader header{};
  header.size = static_cast<std::uint32_t>(record_size(line));
  header.text_size = static_cast<std::uint16_t>(line.text.size());
  header.sd_size = static_cast<std::uint16_t>(sd.size());
  header.received_us = line.received.time_since_epoch().count();
  header.pri = line.pri;
  header.time_size = static_cast<std::uint8_t>(time.size());
  header.host_size = static_cast<std::uint8_t>(host.size());
  header.source_size = static_cast<std::uint8_t>(source.size());
  header.process_size = static_cast<std::uint8_t>(process.size());
  header.msgid_size = static_cast<std::uint8_t>(msgid.size());
  std::memset(out + header.size - 8, 0, 8);
  std::memcpy(out, &header, sizeof header);
  char* at = reinterpret_cast<char*>(out + sizeof header);
  at = put_field(at, time);
  at = put_field(at, host);
  at = put_field(at, source);
  at = put_field(at, process);
  at = put_field(at, msgid);
  at = put_field(at, sd);
  put(at, line.text);
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

}  // namespace sluice
