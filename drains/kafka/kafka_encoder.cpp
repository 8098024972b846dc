#include "drains/kafka/kafka_encoder.hpp"

#include <algorithm>

#include "drains/kafka/kafka_entry.hpp"
#include "drains/kinds/channel_names.hpp"
#include "logplex/wire/logfmt.hpp"
#include "logplex/wire/newline.hpp"
#include "logplex/wire/render.hpp"

namespace sluice::drains {
namespace {

std::int64_t milliseconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

KafkaEncoder::KafkaEncoder(const KafkaUrl& url, Format format, std::string channel, std::size_t target,
                           const ChannelNames* channels)
    : key_(url.key),
      key_field_(url.key_field),
      format_(format),
      channel_(std::move(channel)),
      target_(target),
      channels_(channels) {}

void KafkaEncoder::append(const RecordView& line, std::string& body) const { write(channel_, 0, line, body); }

void KafkaEncoder::append_from(ChannelSlot channel, Seq seq, const RecordView& line, std::string& body) const {
  const bool known = channel_.empty() && channels_ != nullptr;
  write(known ? channels_->name(channel) : std::string_view(channel_), seq, line, body);
}

std::string_view KafkaEncoder::key_of(std::string_view channel, const RecordView& line) const {
  switch (key_) {
    case KafkaUrl::KeyKind::kChannel:
      return channel;
    case KafkaUrl::KeyKind::kSource:
      return line.source();
    case KafkaUrl::KeyKind::kProcess:
      return line.process();
    case KafkaUrl::KeyKind::kHost:
      return line.host();
    case KafkaUrl::KeyKind::kMsgid:
      return line.msgid();
    case KafkaUrl::KeyKind::kField:
      return find_logfmt(line.text(), key_field_).value_or(std::string_view());
    case KafkaUrl::KeyKind::kNone:
      break;
  }
  return {};
}

void KafkaEncoder::write(std::string_view channel, Seq seq, const RecordView& line, std::string& body) const {
  KafkaEntry entry;
  entry.seq = seq;
  entry.received_ms = milliseconds(line.received());
  entry.channel = channel;
  entry.source = line.source();
  entry.process = line.process();
  entry.key = key_of(channel, line);
  entry.keyed = !entry.key.empty();
  if (format_ == Format::kRfc5424) {
    char* out = append_kafka_entry(body, entry, rfc5424_size(line, Newline::kRemoved));
    write_rfc5424(line, Newline::kRemoved, out);
  } else if (format_ == Format::kJson) {
    char* out = append_kafka_entry(body, entry, json_object_size(line, channel));
    write_json_object(line, channel, out);
  } else {
    const auto text = without_newline(line.text());
    std::copy(text.begin(), text.end(), append_kafka_entry(body, entry, text.size()));
  }
}

result<KafkaEncoder::Format, Error> parse_kafka_format(const std::string& format) {
  if (format.empty() || format == "rfc5424") return KafkaEncoder::Format::kRfc5424;
  if (format == "json") return KafkaEncoder::Format::kJson;
  if (format == "raw") return KafkaEncoder::Format::kRaw;
  return Error{make_error_code(boost::system::errc::invalid_argument),
               "no such format for a Kafka drain: '" + format + "'; use rfc5424, json or raw"};
}

result<std::unique_ptr<Encoder>, Error> make_kafka_encoder(const Drain& drain, const DrainSettings& settings,
                                                           const ChannelNames* channels) {
  SLUICE_TRY(const KafkaUrl url, parse_kafka_url(drain.url.reveal()));
  SLUICE_TRY(const KafkaEncoder::Format format, parse_kafka_format(drain.format));
  return std::make_unique<KafkaEncoder>(url, format, drain.channel, settings.kafka_batch_bytes.count, channels);
}

}  // namespace sluice::drains
