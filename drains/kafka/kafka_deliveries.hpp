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

/// What became of each line of one frame, so that a frame that is sent again sends only the lines that were not
/// confirmed. A line's address travels with its message and comes back with the delivery report.
///
/// Made by a transport on its shard. The producer's thread writes outcomes and releases the lines that have their
/// report; the shard reads the outcomes when no line is under way. The last holder deletes it, so a transport may end
/// at any time.
class KafkaDeliveries {
 public:
  static constexpr int kUntried = -1'000'000;   // not handed over yet
  static constexpr int kUnderWay = -1'000'001;  // handed over, no report yet
  static constexpr int kRefused = -1'000'002;   // too large for the topic: given up

  struct Line {
    KafkaDeliveries* deliveries;
    int outcome;          // one of the above, or what librdkafka reported; 0 = delivered
    std::uint32_t bytes;  // once handed over

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
  /// `lines` of it are about to be handed over. Those that are not after all: release().
  void hold(std::uint32_t lines) { holders_.fetch_add(lines, std::memory_order_relaxed); }
  /// All outcomes can be read.
  bool nothing_under_way() const { return holders_.load(std::memory_order_acquire) == 1; }

  // Any thread.
  void release(std::uint32_t holders);
  const std::shared_ptr<KafkaWakeUp>& wake_up() const { return wake_up_; }

  // How far the present pass over the frame is: the shard's.
  std::size_t next_line = 0;
  std::size_t next_byte = 0;
  bool handed_over = false;
  bool inspected = false;

  /// When nothing is under way: the next pass begins, for the lines that came back undelivered.
  void begin_again();

 private:
  KafkaDeliveries(const Frame& frame, std::shared_ptr<KafkaWakeUp> wake_up);
  ~KafkaDeliveries() = default;

  const std::array<char, 32> id_;
  const std::shared_ptr<KafkaWakeUp> wake_up_;
  std::vector<Line> lines_;
  std::atomic<std::uint32_t> holders_{1};  // the transport, and each line under way
};

}  // namespace sluice::drains
