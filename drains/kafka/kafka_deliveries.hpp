#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "drains/kafka/kafka_wake_up.hpp"
#include "drains/kinds/frame.hpp"

namespace sluice::drains {

/// The outcome of each line of one frame, so that a retry of the frame sends only the lines that were not confirmed.
/// The address of a Line travels with its message and comes back in the delivery report.
///
/// Made by a transport on its shard. The producer's thread writes outcomes and releases the lines that were reported;
/// the shard reads the outcomes when no line is under way. The last holder deletes the object, so a transport may be
/// destroyed at any time.
class KafkaDeliveries {
 public:
  static constexpr int kUntried = -1'000'000;   // not handed over yet
  static constexpr int kUnderWay = -1'000'001;  // handed over, no report yet
  static constexpr int kRefused = -1'000'002;   // too large for the topic, or not accepted by it: dropped

  struct Line {
    KafkaDeliveries* deliveries;
    int outcome;          // one of the above, or an error of librdkafka; 0 = delivered
    std::uint32_t bytes;  // size of the entry, set when it is handed over

    bool is_done() const { return outcome == 0 || outcome == kRefused; }
    bool is_failed() const { return !is_done() && outcome != kUntried && outcome != kUnderWay; }
  };
  struct Release {
    void operator()(KafkaDeliveries* deliveries) const { deliveries->release(1); }
  };
  using Pointer = std::unique_ptr<KafkaDeliveries, Release>;

  static Pointer make(const Frame& frame, std::shared_ptr<KafkaWakeUp> wake_up);

  // On the shard.
  bool is_of(const Frame& frame) const { return id_ == frame.id; }
  std::vector<Line>& lines() { return lines_; }
  /// Call it before handing over `lines` lines; then release() those that were not handed over.
  void hold(std::uint32_t lines) { holders_.fetch_add(lines, std::memory_order_relaxed); }
  /// True if no line is under way, so that all outcomes may be read.
  bool nothing_under_way() const { return holders_.load(std::memory_order_acquire) == 1; }

  // Any thread.
  void release(std::uint32_t holders);
  const std::shared_ptr<KafkaWakeUp>& wake_up() const { return wake_up_; }

  // How far the current pass over the frame is. Only the shard uses these.
  std::size_t next_line = 0;
  std::size_t next_byte = 0;
  bool handed_over = false;
  bool inspected = false;

  /// Begins the next pass, for the lines that came back undelivered. Call it when no line is under way.
  void begin_again();

 private:
  KafkaDeliveries(const Frame& frame, std::shared_ptr<KafkaWakeUp> wake_up);
  ~KafkaDeliveries() = default;

  const std::array<char, 32> id_;
  const std::shared_ptr<KafkaWakeUp> wake_up_;
  std::vector<Line> lines_;
  std::atomic<std::uint32_t> holders_{1};  // the transport and each line under way
};

}  // namespace sluice::drains
