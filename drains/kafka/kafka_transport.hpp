#pragma once

#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "drains/kafka/kafka_hub.hpp"
#include "drains/kafka/kafka_url.hpp"
#include "drains/kinds/drain_environment.hpp"
#include "drains/kinds/transport.hpp"

namespace sluice::drains {

/// Sends frames to a Kafka topic, line by line, through a shared producer. A frame is confirmed when all of its lines
/// have delivery reports. librdkafka handles connections, retries and order, and it retries for ever: during an outage
/// confirmations just do not come, and trouble() says why.
///
///     deliveries_ [handed over | being handed over | after a failure: to be handed over again]
///
/// If lines come back undelivered, the transport is broken once all other lines have been reported. The caller then
/// sends the frames again, and only lines without a confirmation are handed over: nothing is sent twice, and nothing is
/// reordered, because the producer stops at the first gap. If the broker finds a batch too large, the drain gets a
/// producer of its own and tries smaller and smaller batches, at last single lines; a line that is too large alone is
/// refused. If the topic refuses a record for another reason, the drain sends single lines at once and refuses only
/// those that fail.
///
/// If the producer's queue is full, send() returns kLater: the caller keeps the frame, and the next send() continues
/// where this one stopped.
class KafkaTransport final : public Transport, private Windowed, private KafkaWakeUp::Owner {
 public:
  /// `hub` must outlive the transport.
  KafkaTransport(const DrainEnvironment& environment, KafkaHub& hub, const Drain& drain, KafkaUrl url,
                 std::string format);
  ~KafkaTransport() override;

  Task<SendReport> send(const Frame& frame) override;
  Windowed* windowed() override { return this; }
  void tend() override {}
  void close() override;

  /// For tests.
  const std::shared_ptr<KafkaProducer>& producer() const { return producer_; }

 private:
  static constexpr std::size_t kWindow = 16;
  static constexpr std::size_t kNothingRefused = std::numeric_limits<std::size_t>::max();

  // Windowed
  std::size_t window() const override { return kWindow; }
  std::size_t take_confirmed() override;
  bool broken() const override { return failure_.has_value() && all_finished(); }
  SendReport break_report() const override;
  Refused take_refused() override;
  std::optional<Trouble> trouble() const override;
  std::uint64_t held_bytes() const override;
  void wake_with(Event& wake) override { wake_ = &wake; }

  void on_wake_up() override;
  Task<result<void, Error>> ensure_producer();
  Task<result<void, Error>> check_own_key();
  bool producer_fits() const;
  void release_producer();
  SendReport hand_over(const Frame& frame);
  KafkaDeliveries& deliveries_of(const Frame& frame);
  enum class Pass : std::uint8_t { kWhole, kInPart, kMalformed };
  Pass hand_over_lines(const Frame& frame, KafkaDeliveries& deliveries);
  KafkaProducer::Taken hand_over_line(const KafkaEntry& entry, KafkaProducer::Labels labels,
                                      KafkaDeliveries::Line& line);
  void inspect_finished();
  void inspect(KafkaDeliveries& deliveries);
  void fail(int error);
  void begin_again();
  void refuse(KafkaDeliveries::Line& line);
  void refuse_record(KafkaDeliveries::Line& line);
  void take_single_lines();
  void take_smaller_batches();
  void take_larger_batches();
  bool all_finished() const;

  const DrainEnvironment& environment_;
  KafkaHub& hub_;
  const Drain drain_;
  const KafkaUrl url_;
  const std::string format_;
  const std::shared_ptr<KafkaWakeUp> wake_up_;
  Event* wake_ = nullptr;

  KafkaVariant variant_;       // the producer that is needed
  KafkaVariant have_variant_;  // the kind of producer_
  std::shared_ptr<KafkaProducer> producer_;
  KafkaProducer::Topic topic_;  // destroyed before producer_
  std::deque<KafkaDeliveries::Pointer> deliveries_;
  std::optional<KafkaFault> failure_;
  std::string failure_text_;
  std::size_t smallest_refused_ = kNothingRefused;  // bytes; refuse lines this large without trying
  SteadyTime forget_refused_at_{};
  Refused refused_;
  bool refused_singly_ = false;  // a line was too large since single lines began
  SteadyTime single_until_{};    // send single lines until then: a record was refused
  bool key_checked_ = false;
  std::uint64_t closings_ = 0;
};

}  // namespace sluice::drains
