#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "drains/kinds/frame.hpp"

namespace sluice::drains {

/// Where a transport hears from its producer. The producer's thread knocks; the transport's shard answers, unless the
/// transport is gone. Shared by both; knocks that were not answered yet are one.
class KafkaDoor {
 public:
  class Owner {
   public:
    virtual void on_knock() = 0;

   protected:
    ~Owner() = default;
  };

  KafkaDoor(boost::asio::io_context& io, Owner& owner) : io_(io), owner_(&owner) {}

  /// Any thread; `self` is this door.
  static void knock(const std::shared_ptr<KafkaDoor>& self);
  /// On the shard: nobody is at home any more.
  void close() { owner_ = nullptr; }

 private:
  void answer();

  boost::asio::io_context& io_;
  Owner* owner_;  // the shard's
  std::atomic<bool> knocked_{false};
};

/// One frame in a producer's hands: what became of each of its lines, so that a frame that is sent again sends only the
/// lines that were not confirmed. A line's address travels with its message and comes back with the delivery report.
///
/// Made by a transport on its shard. The producer's thread writes outcomes and lets go of the lines that have landed;
/// the shard reads them when all have. Whoever lets go last deletes it, so a transport may end at any time.
class KafkaFlight {
 public:
  static constexpr int kUntried = -1'000'000;   // not handed over yet
  static constexpr int kUnderWay = -1'000'001;  // handed over, no report yet
  static constexpr int kRefused = -1'000'002;   // too large for the topic: given up

  struct Line {
    KafkaFlight* flight;
    int outcome;          // one of the above, or what librdkafka reported; 0 = delivered
    std::uint32_t bytes;  // once handed over

    bool is_done() const { return outcome == 0 || outcome == kRefused; }
    bool is_failed() const { return !is_done() && outcome != kUntried && outcome != kUnderWay; }
  };
  struct Release {
    void operator()(KafkaFlight* flight) const { flight->let_go(1); }
  };
  using Pointer = std::unique_ptr<KafkaFlight, Release>;

  static Pointer make(const Frame& frame, std::shared_ptr<KafkaDoor> door);

  // On the shard.
  bool is_of(const Frame& frame) const { return id_ == frame.id; }
  std::vector<Line>& lines() { return lines_; }
  /// `lines` of it are about to be handed over. Those that are not after all: let_go().
  void hold(std::uint32_t lines) { holders_.fetch_add(lines, std::memory_order_relaxed); }
  /// No line is under way; all outcomes can be read.
  bool landed() const { return holders_.load(std::memory_order_acquire) == 1; }

  // Any thread.
  void let_go(std::uint32_t holders);
  const std::shared_ptr<KafkaDoor>& door() const { return door_; }

  // How far the present pass over the frame is: the shard's.
  std::size_t next_line = 0;
  std::size_t next_byte = 0;
  bool handed_over = false;
  bool inspected = false;

  /// All have landed: the next pass begins, for the lines that came back.
  void begin_again();

 private:
  KafkaFlight(const Frame& frame, std::shared_ptr<KafkaDoor> door);
  ~KafkaFlight() = default;

  const std::array<char, 32> id_;
  const std::shared_ptr<KafkaDoor> door_;
  std::vector<Line> lines_;
  std::atomic<std::uint32_t> holders_{1};  // the transport, and each line under way
};

}  // namespace sluice::drains
