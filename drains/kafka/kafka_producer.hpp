#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "drains/kafka/kafka_deliveries.hpp"
#include "drains/kafka/kafka_entry.hpp"
#include "drains/kafka/kafka_errors.hpp"
#include "drains/kafka/kafka_options.hpp"
#include "logplex/net/dial/address_guard.hpp"

// librdkafka's types; its header stays in the sources.
struct rd_kafka_s;
struct rd_kafka_topic_s;
struct rd_kafka_message_s;
struct rd_kafka_op_s;
struct sockaddr;

namespace sluice::drains {

/// Counters of all producers of the process. Any thread may write and read them.
struct KafkaCounters {
  std::atomic<std::uint64_t> producers{0};       // alive now
  std::atomic<std::uint64_t> producers_made{0};  // made so far
  std::atomic<std::uint64_t> fatal{0};           // ended with a fatal error
  std::atomic<std::uint64_t> brokers{0};         // known to producers; each has a thread
  std::atomic<std::uint64_t> brokers_refused{0};
  std::atomic<bool> ending{false};               // the process ends: destructors wait only briefly
  std::atomic<std::int64_t> queued_lines{0};     // handed over, not reported yet
  std::atomic<std::int64_t> in_flight_lines{0};  // of them, waiting for a broker's response
  std::atomic<std::uint64_t> acknowledged_lines{0};
  std::array<std::atomic<std::uint64_t>, kKafkaFaults> line_errors{};    // lines that came back undelivered
  std::array<std::atomic<std::uint64_t>, kKafkaFaults> broker_errors{};  // events
};

/// One librdkafka producer, shared by the drains of a cluster and credential on all shards, and the thread that reads
/// its delivery reports. Any shard hands lines over without waiting. The thread writes the reports into KafkaDeliveries
/// and wakes each transport concerned once per batch of reports. If the queue is full, produce() returns kQueueFull.
///
/// librdkafka 2.8.0 has been seen to send nothing more after a broker came back (ops/adr/0009). So a producer that
/// confirms nothing for kStallLimit, although it could send, counts as dead.
///
/// librdkafka makes a thread for each broker that a cluster names. A producer whose cluster names more than
/// kMostBrokers ends, and is_oversized() returns true; the brokers beyond the limit get no thread.
///
/// The guard checks every address, bootstrap or advertised, before librdkafka connects to it. After a fatal error
/// dead() is true: queued lines come back as failed, lines on their way are still reported, and a new producer is
/// needed.
///
/// KafkaHub makes and destroys producers on its lanes, because both can take a second. Guard and counters must outlive
/// the producer.
class KafkaProducer {
 public:
  struct TopicRelease {
    void operator()(rd_kafka_topic_s* topic) const;
  };
  /// Must be destroyed before its producer.
  using Topic = std::unique_ptr<rd_kafka_topic_s, TopicRelease>;
  struct Labels {
    std::string_view frame_id;
    std::string_view format;
    bool headers = true;
  };
  enum class Taken : std::uint8_t { kYes, kQueueFull, kTooLarge, kFailed };
  /// Longer than librdkafka waits for a response, so that a hanging broker is not mistaken for a hanging producer.
  static constexpr std::chrono::seconds kStallLimit{90};
  static constexpr std::size_t kMostBrokers = 256;        // of one cluster
  static constexpr std::size_t kMostBrokersOfAll = 4096;  // of all producers together,
  static constexpr std::size_t kAlwaysBrokers = 16;       // but each may have so many

  /// The error says which option is unusable; it contains no secret.
  static result<std::unique_ptr<KafkaProducer>, Error> make(const KafkaOptions& options, const AddressGuard& guard,
                                                            KafkaCounters& counters,
                                                            std::chrono::seconds stall_limit = kStallLimit);
  KafkaProducer(const KafkaProducer&) = delete;
  KafkaProducer& operator=(const KafkaProducer&) = delete;
  /// Stops sending. Lines that are not confirmed come back as failed.
  ~KafkaProducer();

  // Any thread.
  result<Topic, Error> topic(const std::string& name);
  /// Copies the line into the queue; never waits. After kFailed, line.outcome is the error.
  Taken produce(const Topic& topic, const KafkaEntry& entry, const Labels& labels, KafkaDeliveries::Line& line);
  /// Counts lines that produce() just took.
  void handed_over(std::uint32_t lines);
  /// The cluster has too many brokers: another producer would end in the same way.
  bool is_oversized() const { return oversized_.load(std::memory_order_acquire); }
  /// Called on librdkafka's threads: whether the producer may use this broker.
  bool may_learn(std::int32_t broker);
  bool dead() const { return dead_.load(std::memory_order_acquire); }
  struct Trouble {
    KafkaFault fault;
    std::string sentence;
  };
  /// What has kept lines from being confirmed since the last confirmation; none if nothing is known.
  std::optional<Trouble> trouble() const;
  /// For tests: behaves as if a broker had caused a fatal error.
  void fail_for_test();

 private:
  KafkaProducer(const AddressGuard& guard, KafkaCounters& counters, std::chrono::seconds stall_limit)
      : guard_(guard), counters_(counters), stall_limit_(stall_limit) {}

  result<void, Error> open(const KafkaOptions& options);
  static int connect_callback(int socket, const sockaddr* address, int size, const char* id, void* self);
  void run();
  void handle(rd_kafka_op_s* event);
  void on_reports(rd_kafka_op_s* event);
  void report(std::span<const rd_kafka_message_s*> messages);
  void note_reports(KafkaDeliveries& deliveries, std::uint32_t lines);
  void on_error(rd_kafka_op_s* event);
  void on_statistics(std::string_view json);
  void look_for_stall(bool connected);
  void look_for_size();
  void die(std::string reason);
  void note_trouble(KafkaFault fault, std::string_view sentence);

  const AddressGuard& guard_;
  KafkaCounters& counters_;
  const std::chrono::seconds stall_limit_;
  rd_kafka_s* handle_ = nullptr;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> dead_{false};
  std::atomic<bool> oversized_{false};
  std::atomic<bool> crowded_{false};
  std::mutex brokers_mutex_;
  std::set<std::int32_t> brokers_;
  std::atomic<bool> troubled_{false};
  std::atomic<std::chrono::steady_clock::time_point> tried_to_connect_at_{};
  mutable std::mutex trouble_mutex_;
  std::string trouble_;
  KafkaFault trouble_fault_ = KafkaFault::kOther;
  std::int64_t in_flight_ = 0;                         // used by the thread: its share of the counter
  std::chrono::seconds stalled_for_{0};                // used by the thread
  std::vector<std::shared_ptr<KafkaWakeUp>> to_wake_;  // used by the thread
  std::thread thread_;
};

}  // namespace sluice::drains
