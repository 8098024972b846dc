#include "drains/kafka_hub.hpp"

#include "logplex/base/metrics.hpp"

namespace sluice {
namespace {

template <class T>
double value_of(const std::atomic<T>& counter) {
  return static_cast<double>(counter.load(std::memory_order_relaxed));
}

}  // namespace

Task<result<std::shared_ptr<KafkaProducer>, Error>> KafkaHub::acquire(KafkaOptions options) {
  struct Made {
    Shared producer;
  };
  auto job = [this, options = std::move(options)] { return Made{find_or_make(options)}; };
  auto made = co_await lane_.run(std::move(job));
  if (!made) co_return Error{made.error(), "too many Kafka producers are being made"};
  co_return std::move(made->producer);
}

KafkaHub::Shared KafkaHub::find_or_make(const KafkaOptions& options) {
  const Secret fingerprint = options.fingerprint();
  const std::lock_guard lock(mutex_);
  std::erase_if(producers_, [](const auto& entry) { return entry.second.expired(); });
  if (const auto known = producers_.find(fingerprint.reveal()); known != producers_.end())
    if (auto producer = known->second.lock(); producer != nullptr && !producer->dead()) return producer;
  if (counters_.producers.load() >= max_producers_)
    return Error{make_error_code(boost::system::errc::no_buffer_space),
                 "there are drains.kafka_max_producers Kafka producers already"};
  SLUICE_TRY(auto made, KafkaProducer::make(options, guard_, counters_, stall_limit_));
  auto producer = share(std::move(made));
  producers_[fingerprint.reveal()] = producer;
  return producer;
}

/// Whoever lets go last, on any shard, only asks the lane to destroy it.
std::shared_ptr<KafkaProducer> KafkaHub::share(std::unique_ptr<KafkaProducer> producer) {
  std::shared_ptr<KafkaProducer> owner(std::move(producer));
  KafkaProducer* const shown = owner.get();
  return {shown, [this, owner = std::move(owner)](KafkaProducer*) mutable {
            lane_.submit([last = std::move(owner)]() mutable { last.reset(); });
          }};
}

void KafkaHub::add_metrics(MetricsPage& page) const {
  page.gauge("sluice_kafka_producers", "Kafka producers, one for each cluster and credential.",
             value_of(counters_.producers));
  page.counter("sluice_kafka_producers_made_total", "Kafka producers made.", value_of(counters_.producers_made));
  page.counter("sluice_kafka_producers_lost_total", "Kafka producers that ended with a fatal error.",
               value_of(counters_.fatal));
  page.gauge("sluice_kafka_queue_lines", "Lines handed to Kafka producers and not confirmed yet.",
             value_of(counters_.queued_lines));
  page.gauge("sluice_kafka_in_flight_lines", "Lines that wait for a Kafka broker's answer.",
             value_of(counters_.in_flight_lines));
  page.counter("sluice_kafka_lines_acknowledged_total", "Lines that Kafka brokers confirmed.",
               value_of(counters_.acknowledged_lines));
  for (std::size_t fault = 0; fault < kKafkaFaults; ++fault) {
    const MetricsPage::Labels labels{{"class", std::string(to_string(static_cast<KafkaFault>(fault)))}};
    page.counter("sluice_kafka_line_errors_total", "Lines that came back from Kafka producers undelivered.",
                 value_of(counters_.line_errors[fault]), labels);
    page.counter("sluice_kafka_broker_errors_total", "Errors of connections to Kafka brokers.",
                 value_of(counters_.broker_errors[fault]), labels);
  }
}

}  // namespace sluice
