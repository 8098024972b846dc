#pragma once

#include <string>
#include <string_view>

#include "drains/kafka/kafka_url.hpp"
#include "drains/kinds/encoder.hpp"

namespace sluice::drains {

class ChannelNames;

/// Encodes lines as Kafka messages, each with its key, the fields for its headers, and its value. kafka_entry.hpp
/// describes the body. On its drain's shard.
class KafkaEncoder final : public Encoder {
 public:
  enum class Format : std::uint8_t { kRfc5424, kJson, kRaw };

  /// `channels` must outlive the encoder; it may be nullptr. `channel` is the drain's own; empty for a global drain.
  KafkaEncoder(const KafkaUrl& url, Format format, std::string channel, std::size_t target,
               const ChannelNames* channels);

  void append(const RecordView& line, std::string& body) const override;
  void append_from(ChannelSlot channel, Seq seq, const RecordView& line, std::string& body) const override;
  std::size_t target_bytes() const override { return target_; }
  /// Never splits: lines that are too large are refused one by one.
  std::optional<std::pair<Frame, Frame>> split(const Frame&) const override { return std::nullopt; }

 private:
  void write(std::string_view channel, Seq seq, const RecordView& line, std::string& body) const;
  std::string_view key_of(std::string_view channel, const RecordView& line) const;

  const KafkaUrl::KeyKind key_;
  const std::string key_field_;
  const Format format_;
  const std::string channel_;
  const std::size_t target_;
  const ChannelNames* const channels_;
};

/// Makes the encoder for a Kafka drain. Error: an unusable url or an unknown format.
result<std::unique_ptr<Encoder>, Error> make_kafka_encoder(const Drain& drain, const DrainSettings& settings,
                                                           const ChannelNames* channels);
/// "rfc5424", "json" or "raw"; empty means rfc5424.
result<KafkaEncoder::Format, Error> parse_kafka_format(const std::string& format);

}  // namespace sluice::drains
