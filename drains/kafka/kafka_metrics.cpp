#include "drains/kafka/kafka_metrics.hpp"

#include <string>

#include "logplex/base/metrics.hpp"

namespace sluice::drains {
namespace {

void write_one(MetricsPage& page, const std::string& name, const Ledger& ledger) {
  const MetricsPage::Labels labels{{"drain", name}};
  page.gauge("sluice_kafka_drain_queue_lines", "Lines that wait to be handed to a Kafka producer.",
             static_cast<double>(ledger.pending_lines - ledger.in_flight_lines), labels);
  page.gauge("sluice_kafka_drain_in_flight_lines", "Lines handed to a Kafka producer and not confirmed yet.",
             static_cast<double>(ledger.in_flight_lines), labels);
  page.counter("sluice_kafka_drain_acknowledged_lines_total", "Lines that Kafka brokers confirmed.",
               static_cast<double>(ledger.delivered), labels);
  ledger.errors.for_each([&](ErrorClass error_class, std::uint64_t count) {
    page.counter("sluice_kafka_drain_errors_total", "Failures of Kafka drains, by class.", static_cast<double>(count),
                 {{"drain", name}, {"class", std::string(to_string(error_class))}});
  });
}

}  // namespace

void KafkaMetrics::add_of_channels(const Ledger& ledger) {
  channels_.add(ledger);
  any_of_channels_ = true;
}

void KafkaMetrics::write(MetricsPage& page) const {
  Ledger other;
  std::size_t named = 0;
  for (const auto& [id, ledger] : global_) {
    if (named++ < kNamed)
      write_one(page, std::to_string(id), ledger);
    else
      other.add(ledger);
  }
  if (named > kNamed) write_one(page, "other", other);
  if (any_of_channels_) write_one(page, "channels", channels_);
}

}  // namespace sluice::drains
