#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "drains/kafka_producer.hpp"
#include "logplex/runtime/lane.hpp"
#include "logplex/runtime/task.hpp"

namespace sluice {

class MetricsPage;

/// The process's Kafka producers: one for each cluster and credential, made when a drain first needs it and destroyed
/// after the last one let go. Both happen on a lane, so that no shard waits. At most drains.kafka_max_producers.
///
/// One per process, used by all shards; outlives the drains, ends before the runtime.
class KafkaHub {
 public:
  KafkaHub(const AddressGuard& guard, std::size_t max_producers,
           std::chrono::seconds stall_limit = KafkaProducer::kStallLimit)
      : guard_(guard), max_producers_(max_producers), stall_limit_(stall_limit) {}

  /// The producer with these options, shared unless it is dead. Errors: an unusable option (invalid_argument: no retry
  /// helps), too many producers (no_buffer_space).
  Task<result<std::shared_ptr<KafkaProducer>, Error>> acquire(KafkaOptions options);

  const KafkaCounters& counters() const { return counters_; }
  /// Any thread.
  void add_metrics(MetricsPage& page) const;

 private:
  using Shared = result<std::shared_ptr<KafkaProducer>, Error>;

  Shared find_or_make(const KafkaOptions& options);
  std::shared_ptr<KafkaProducer> share(std::unique_ptr<KafkaProducer> producer);

  const AddressGuard& guard_;
  const std::size_t max_producers_;
  const std::chrono::seconds stall_limit_;
  KafkaCounters counters_;
  std::mutex mutex_;                                               // taken on the lane only
  std::map<std::string, std::weak_ptr<KafkaProducer>> producers_;  // by fingerprint
  Lane lane_{"kafka-make", 2, 4096};
};

}  // namespace sluice
