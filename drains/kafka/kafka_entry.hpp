#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::drains {

/// One message in the body of a Kafka drain's frame. The entries of a body follow each other directly:
///
///     0        8             16           20         22        23       24        25     26
///     | seq    | received ms | value size | key size | channel | source | process | mark | 0
///     KEY CHANNEL SOURCE PROCESS VALUE
///
/// Entries never leave the process, so numbers use the byte order of the machine.
struct KafkaEntry {
  std::uint64_t seq = 0;  // 0 for a notice, which has no number
  std::int64_t received_ms = 0;
  bool keyed = false;
  std::string_view key;
  std::string_view channel;
  std::string_view source;
  std::string_view process;
  std::string_view value;

  std::size_t bytes() const;
};

/// Appends an entry with room for a value of `value_size` bytes and returns where to write the value. Cuts fields that
/// are too long for the layout; record fields have at most 255 bytes anyway.
char* append_kafka_entry(std::string& body, const KafkaEntry& entry, std::size_t value_size);

/// Reads the entries of a body one by one.
class KafkaEntryReader {
 public:
  explicit KafkaEntryReader(std::string_view body, std::size_t offset = 0) : body_(body), at_(offset) {}

  /// False at the end of the body, and if the bytes there are not an entry; malformed() tells which.
  bool next(KafkaEntry& entry);
  bool malformed() const { return malformed_; }
  /// The offset of the next entry.
  std::size_t offset() const { return at_; }

 private:
  std::string_view take(std::size_t size);

  std::string_view body_;
  std::size_t at_;
  bool malformed_ = false;
};

}  // namespace sluice::drains
