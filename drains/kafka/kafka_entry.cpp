#include "drains/kafka/kafka_entry.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace sluice::drains {
namespace {

struct Head {
  std::uint64_t seq;
  std::int64_t received_ms;
  std::uint32_t value_size;
  std::uint16_t key_size;
  std::uint8_t channel_size;
  std::uint8_t source_size;
  std::uint8_t process_size;
  std::uint8_t mark;
};
constexpr std::size_t kHeadSize = 26;
static_assert(offsetof(Head, mark) + 1 == kHeadSize);

constexpr std::uint8_t kMark = 0xa4;  // no UTF-8 text begins with this byte
constexpr std::uint8_t kKeyed = 1;
constexpr std::size_t kLongestKey = 0xffff;
constexpr std::size_t kLongestName = 0xff;

char* put(char* out, std::string_view bytes) { return std::copy(bytes.begin(), bytes.end(), out); }

}  // namespace

std::size_t KafkaEntry::bytes() const {
  return key.size() + channel.size() + source.size() + process.size() + value.size();
}

char* append_kafka_entry(std::string& body, const KafkaEntry& entry, std::size_t value_size) {
  const auto key = entry.key.substr(0, kLongestKey);
  const auto channel = entry.channel.substr(0, kLongestName);
  const auto source = entry.source.substr(0, kLongestName);
  const auto process = entry.process.substr(0, kLongestName);
  const Head head{entry.seq,
                  entry.received_ms,
                  static_cast<std::uint32_t>(value_size),
                  static_cast<std::uint16_t>(key.size()),
                  static_cast<std::uint8_t>(channel.size()),
                  static_cast<std::uint8_t>(source.size()),
                  static_cast<std::uint8_t>(process.size()),
                  static_cast<std::uint8_t>(kMark | (entry.keyed ? kKeyed : 0))};
  const std::size_t begin = body.size();
  body.resize(begin + kHeadSize + key.size() + channel.size() + source.size() + process.size() + value_size);
  char* out = body.data() + begin;
  std::memcpy(out, &head, kHeadSize);
  return put(put(put(put(out + kHeadSize, key), channel), source), process);
}

bool KafkaEntryReader::next(KafkaEntry& entry) {
  const std::size_t left = body_.size() - at_;
  if (left == 0) return false;
  Head head{};
  if (left >= kHeadSize) std::memcpy(&head, body_.data() + at_, kHeadSize);
  const std::size_t names = std::size_t{head.key_size} + head.channel_size + head.source_size + head.process_size;
  if ((head.mark & ~kKeyed) != kMark || left - kHeadSize < names + head.value_size) {
    malformed_ = true;
    return false;
  }
  at_ += kHeadSize;
  entry.seq = head.seq;
  entry.received_ms = head.received_ms;
  entry.keyed = (head.mark & kKeyed) != 0;
  entry.key = take(head.key_size);
  entry.channel = take(head.channel_size);
  entry.source = take(head.source_size);
  entry.process = take(head.process_size);
  entry.value = take(head.value_size);
  return true;
}

std::string_view KafkaEntryReader::take(std::size_t size) {
  const auto part = body_.substr(at_, size);
  at_ += size;
  return part;
}

}  // namespace sluice::drains
