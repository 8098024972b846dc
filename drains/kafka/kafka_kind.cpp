#include "drains/kafka/kafka_encoder.hpp"
#include "drains/kafka/kafka_hub.hpp"
#include "drains/kafka/kafka_metrics.hpp"
#include "drains/kafka/kafka_transport.hpp"
#include "drains/kinds/drain_kind.hpp"

namespace sluice::drains {

namespace {

result<std::unique_ptr<Encoder>, Error> encoder(const Drain& drain, const EncoderNeeds& needs) {
  return make_kafka_encoder(drain, needs.settings, needs.channels);
}

result<std::unique_ptr<Transport>, Error> transport(const Drain& drain, const DrainEnvironment& environment) {
  auto* hub = environment.shared == nullptr ? nullptr : static_cast<KafkaHub*>(environment.shared->of(kafka_kind()));
  if (hub == nullptr)
    return Error{make_error_code(boost::system::errc::invalid_argument), "Kafka drains are not available here"};
  SLUICE_TRY(KafkaUrl url, parse_kafka_url(drain.url.reveal()));
  const std::string format = drain.format.empty() ? std::string(kafka_facts().formats.front()) : drain.format;
  return std::make_unique<KafkaTransport>(environment, *hub, drain, std::move(url), format);
}

std::unique_ptr<DrainShared> shared(const SharedNeeds& needs) {
  const KafkaHub::Shares producers{needs.drains.kafka_max_producers, needs.limits.kafka_producers_per_channel};
  return std::make_unique<KafkaHub>(needs.guard, producers);
}

std::unique_ptr<KindMetrics> metrics() { return std::make_unique<KafkaMetrics>(); }

}  // namespace

const DrainKind& kafka_kind() {
  static const DrainKind kKind{kafka_facts(), &encoder, &transport, &shared, &metrics};
  return kKind;
}

}  // namespace sluice::drains
