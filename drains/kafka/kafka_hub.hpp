#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "drains/kafka/kafka_producer.hpp"
#include "drains/kinds/drain_kind.hpp"
#include "logplex/runtime/lane.hpp"
#include "logplex/runtime/task.hpp"

namespace sluice {
class MetricsPage;
}  // namespace sluice

namespace sluice::drains {

/// The process's Kafka producers: one for each cluster and credential, made when a drain first needs it and destroyed
/// after the last drain has released it. Both happen on lanes, so no shard waits. There are two lanes, because
/// librdkafka may take long to end a producer: making another does not wait for that while there is a place.
///
/// Limits: drains.kafka_max_producers in all, a quarter of them for global drains only, and
/// limits.kafka_producers_per_channel for each channel. A producer keeps its place until it has ended, so changing
/// drains again and again gives nobody more of them. If no place is free, a drain waits for one for two seconds; then
/// it gets an error that says which limit was reached, and retries later.
///
/// One per process, used by all shards. Must outlive the drains and end before the runtime.
class KafkaHub final : public DrainShared {
 public:
  struct Shares {
    std::size_t producers;
    std::size_t per_channel;
  };
  KafkaHub(const AddressGuard& guard, Shares shares, std::chrono::seconds stall_limit = KafkaProducer::kStallLimit)
      : guard_(guard), shares_(shares), stall_limit_(stall_limit) {}
  ~KafkaHub() override { counters_.ending.store(true); }

  /// The producer with these options for a drain of `channel` (empty: a global drain); shared with other drains unless
  /// it is dead. Errors: an unusable option (invalid_argument: a retry does not help), too many producers
  /// (no_buffer_space).
  Task<result<std::shared_ptr<KafkaProducer>, Error>> acquire(KafkaOptions options, std::string channel);

  const KafkaCounters& counters() const { return counters_; }
  void add_metrics(MetricsPage& page) const override;

 private:
  using Shared = result<std::shared_ptr<KafkaProducer>, Error>;

  using Users = std::map<std::string, std::size_t>;  // number of drains by channel

  Shared find_or_make(const KafkaOptions& options, const std::string& channel);
  result<void, Error> check_channel(const KafkaProducer* producer, const std::string& channel) const;
  result<void, Error> check_room(const std::string& channel) const;
  std::shared_ptr<KafkaProducer> lend(std::shared_ptr<KafkaProducer> producer, const std::string& channel);
  void take_back(const KafkaProducer* producer, const std::string& channel);

  const AddressGuard& guard_;
  const Shares shares_;
  const std::chrono::seconds stall_limit_;
  KafkaCounters counters_;
  std::mutex mutex_;                                               // taken on lanes only
  std::map<std::string, std::weak_ptr<KafkaProducer>> producers_;  // by fingerprint
  std::map<const KafkaProducer*, Users> users_;                    // who uses which producer
  Lane making_{"kafka-make", 2, 4096};
  Lane ending_{"kafka-end", 2, 65536};
};

}  // namespace sluice::drains
