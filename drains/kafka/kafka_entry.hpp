#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::drains {

/// One message in the body of a Kafka drain's frame. Entries stand one behind the other:
///
///     0        8             16           20         22        23       24        25     26
///     | seq    | received ms | value size | key size | channel | source | process | mark | 0
///     KEY CHANNEL SOURCE PROCESS VALUE
///
/// Never leaves the process, so numbers are the machine's own.
struct KafkaEntry {
  std::uint64_t seq = 0;  // 0: a notice, which has none
  std::int64_t received_ms = 0;
  bool keyed = false;
  std::string_view key;
  std::string_view channel;
  std::string_view source;
  std::string_view process;
  std::string_view value;

  std::size_t bytes() const;
};

/// Appends an entry whose value has `value_size` bytes and returns where to write them. Lengths beyond what the layout
/// holds are cut; record fields are at most 255 bytes.
char* append_kafka_entry(std::string& body, const KafkaEntry& entry, std::size_t value_size);

/// Walks the entries of a body.
class KafkaEntryReader {
 public:
  explicit KafkaEntryReader(std::string_view body, std::size_t offset = 0) : body_(body), at_(offset) {}

  /// False at the end, and when what stands there is no entry: malformed() tells which.
  bool next(KafkaEntry& entry);
  bool malformed() const { return malformed_; }
  /// Where the next entry begins.
  std::size_t offset() const { return at_; }

 private:
  std::string_view take(std::size_t size);

  std::string_view body_;
  std::size_t at_;
  bool malformed_ = false;
};

}  // namespace sluice::drains
