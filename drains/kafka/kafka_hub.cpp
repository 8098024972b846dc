#include "drains/kafka/kafka_hub.hpp"

#include <algorithm>

#include "logplex/base/metrics.hpp"

namespace sluice::drains {
namespace {

template <class T>
double value_of(const std::atomic<T>& counter) {
  return static_cast<double>(counter.load(std::memory_order_relaxed));
}

/// If no producer may be made: how often a drain tries again before it gives up, and how long it waits in between.
constexpr int kMostWaits = 20;
constexpr std::chrono::milliseconds kWait{100};

Error no_room(const char* sentence) { return {make_error_code(boost::system::errc::no_buffer_space), sentence}; }

bool is_full(const result<std::shared_ptr<KafkaProducer>, Error>& made) {
  return made.has_error() && made.error().code == make_error_code(boost::system::errc::no_buffer_space);
}

}  // namespace

Task<result<std::shared_ptr<KafkaProducer>, Error>> KafkaHub::acquire(KafkaOptions options, std::string channel) {
  struct Made {
    Shared producer;
  };
  const auto wanted = std::make_shared<const KafkaOptions>(std::move(options));
  for (int waits = 0;; ++waits) {
    auto job = [this, wanted, channel] { return Made{find_or_make(*wanted, channel)}; };
    auto made = co_await making_.run(channel, std::move(job));
    if (!made) co_return Error{made.error(), "too many Kafka producers are being made"};
    if (!is_full(made->producer) || waits == kMostWaits) co_return std::move(made->producer);
    co_await sleep_for(kWait);
  }
}

KafkaHub::Shared KafkaHub::find_or_make(const KafkaOptions& options, const std::string& channel) {
  const Secret fingerprint = options.fingerprint();
  const std::lock_guard lock(mutex_);
  std::erase_if(producers_, [](const auto& entry) { return entry.second.expired(); });
  if (const auto known = producers_.find(fingerprint.reveal()); known != producers_.end()) {
    if (auto producer = known->second.lock(); producer != nullptr && !producer->dead()) {
      SLUICE_TRY_VOID(check_channel(producer.get(), channel));
      return lend(std::move(producer), channel);
    }
  }
  SLUICE_TRY_VOID(check_channel(nullptr, channel));
  SLUICE_TRY_VOID(check_room(channel));
  SLUICE_TRY(auto made, KafkaProducer::make(options, guard_, counters_, stall_limit_));
  std::shared_ptr<KafkaProducer> producer(std::move(made));
  producers_[fingerprint.reveal()] = producer;
  return lend(std::move(producer), channel);
}

/// Checks that the channel may use one more producer, unless it already uses this one.
result<void, Error> KafkaHub::check_channel(const KafkaProducer* producer, const std::string& channel) const {
  if (channel.empty()) return {};
  std::size_t has = 0;
  for (const auto& [used, users] : users_) {
    if (!users.contains(channel)) continue;
    if (used == producer) return {};
    ++has;
  }
  if (has < shares_.per_channel) return {};
  return no_room(
      "this channel already has as many Kafka producers (one for each cluster and credential) as "
      "limits.kafka_producers_per_channel allows");
}

result<void, Error> KafkaHub::check_room(const std::string& channel) const {
  if (counters_.producers.load() >= shares_.producers)
    return no_room("this node already has as many Kafka producers as drains.kafka_max_producers allows");
  const auto of_channels = static_cast<std::size_t>(
      std::count_if(users_.begin(), users_.end(), [](const auto& entry) { return !entry.second.contains(""); }));
  const std::size_t reserved = shares_.producers / 4;
  if (channel.empty() || of_channels < shares_.producers - reserved) return {};
  return no_room("the remaining Kafka producers of drains.kafka_max_producers are for global drains");
}

/// The deleter runs on any shard and must not block, so it leaves the destruction to a lane.
std::shared_ptr<KafkaProducer> KafkaHub::lend(std::shared_ptr<KafkaProducer> producer, const std::string& channel) {
  KafkaProducer* const shown = producer.get();
  ++users_[shown][channel];
  return {shown, [this, channel, owner = std::move(producer)](KafkaProducer*) mutable {
            ending_.submit(channel, [this, channel, last = std::move(owner)]() mutable {
              const KafkaProducer* const ended = last.get();
              last.reset();
              take_back(ended, channel);
            });
          }};
}

/// `producer` may be destroyed already, and a new one may have the same address; that one keeps its own users.
void KafkaHub::take_back(const KafkaProducer* producer, const std::string& channel) {
  const std::lock_guard lock(mutex_);
  const auto entry = users_.find(producer);
  if (entry == users_.end()) return;
  const auto user = entry->second.find(channel);
  if (user != entry->second.end() && --user->second == 0) entry->second.erase(user);
  if (entry->second.empty()) users_.erase(entry);
}

void KafkaHub::add_metrics(MetricsPage& page) const {
  making_.add_metrics(page);
  ending_.add_metrics(page);
  page.gauge("sluice_kafka_producers", "Kafka producers, one for each cluster and credential.",
             value_of(counters_.producers));
  page.gauge("sluice_kafka_brokers", "Brokers that Kafka producers know; each has a thread.",
             value_of(counters_.brokers));
  page.counter("sluice_kafka_brokers_refused_total",
               "Brokers refused because their Kafka producer, or the node, had too many.",
               value_of(counters_.brokers_refused));
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

}  // namespace sluice::drains
