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

/// What all producers of the process counted. Written by their threads, read by any.
struct KafkaCounters {
  std::atomic<std::uint64_t> producers{0};       // that are alive
  std::atomic<std::uint64_t> producers_made{0};  // ever
  std::atomic<std::uint64_t> fatal{0};           // that ended with a fatal error
  std::atomic<std::uint64_t> brokers{0};         // that producers know; each has a thread
  std::atomic<std::uint64_t> brokers_refused{0};
  std::atomic<bool> ending{false};               // the process ends: nobody waits long for last reports
  std::atomic<std::int64_t> queued_lines{0};     // handed over, not reported yet
  std::atomic<std::int64_t> in_flight_lines{0};  // of them, on their way to a broker
  std::atomic<std::uint64_t> acknowledged_lines{0};
  std::array<std::atomic<std::uint64_t>, kKafkaFaults> line_errors{};    // lines that came back
  std::array<std::atomic<std::uint64_t>, kKafkaFaults> broker_errors{};  // events
};

/// One librdkafka producer, shared by the drains of a cluster and credential on all shards, and the thread that takes
/// its delivery reports. Lines are handed over from any shard without waiting; reports go into KafkaDeliveries,
/// and each transport that has news is told once per batch of reports. When its queue is full, produce() says so.
///
/// librdkafka 2.8.0 has been seen to send nothing more after a broker came back (ops/adr/0009): a producer that
/// confirms nothing for kStallLimit, although it could, is taken for dead.
///
/// librdkafka makes a thread for each broker that a cluster names. A producer whose cluster names more than
/// kMostBrokers ends, and says so with is_oversized(): the brokers beyond get no thread.
///
/// Every address that librdkafka connects to, bootstrap or advertised, is asked of the guard first. After a fatal error
/// dead() is true: what was queued comes back as failed, what was on its way is still reported; a new one is needed.
///
/// Made and destroyed on lanes of KafkaHub, because both can take a second. Guard and counters outlive it.
class KafkaProducer {
 public:
  struct TopicRelease {
    void operator()(rd_kafka_topic_s* topic) const;
  };
  /// Must end before its producer.
  using Topic = std::unique_ptr<rd_kafka_topic_s, TopicRelease>;
  struct Labels {
    std::string_view frame_id;
    std::string_view format;
    bool headers = true;
  };
  enum class Taken : std::uint8_t { kYes, kQueueFull, kTooLarge, kFailed };
  /// Longer than librdkafka waits for an answer, so a broker that hangs is not taken for a producer that does.
  static constexpr std::chrono::seconds kStallLimit{90};
  static constexpr std::size_t kMostBrokers = 256;        // of one cluster
  static constexpr std::size_t kMostBrokersOfAll = 4096;  // of all producers together,
  static constexpr std::size_t kAlwaysBrokers = 16;       // but so many for each

  /// The error says which option is unusable; never a secret.
  static result<std::unique_ptr<KafkaProducer>, Error> make(const KafkaOptions& options, const AddressGuard& guard,
                                                            KafkaCounters& counters,
                                                            std::chrono::seconds stall_limit = kStallLimit);
  KafkaProducer(const KafkaProducer&) = delete;
  KafkaProducer& operator=(const KafkaProducer&) = delete;
  /// Ends at once; lines that are not confirmed come back as failed.
  ~KafkaProducer();

  // Any thread.
  result<Topic, Error> topic(const std::string& name);
  /// Copies the line into the queue; never waits. kFailed: line.outcome says why.
  Taken produce(const Topic& topic, const KafkaEntry& entry, const Labels& labels, KafkaDeliveries::Line& line);
  /// So many were just taken.
  void handed_over(std::uint32_t lines);
  /// Its cluster has too many brokers: another producer would end in the same way.
  bool is_oversized() const { return oversized_.load(std::memory_order_acquire); }
  /// From librdkafka's threads: whether it may take up this broker.
  bool may_learn(std::int32_t broker);
  bool dead() const { return dead_.load(std::memory_order_acquire); }
  struct Trouble {
    KafkaFault fault;
    std::string sentence;
  };
  /// What keeps lines from being confirmed, since the last confirmation; none when nothing is known.
  std::optional<Trouble> trouble() const;
  /// For tests: as if a broker had caused a fatal error.
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
  std::int64_t in_flight_ = 0;                         // the thread's: its share of the counter
  std::chrono::seconds stalled_for_{0};                // the thread's
  std::vector<std::shared_ptr<KafkaWakeUp>> to_wake_;  // the thread's
  std::thread thread_;
};

}  // namespace sluice::drains
