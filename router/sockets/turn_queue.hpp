#pragma once

#include <chrono>
#include <cstddef>

#include <boost/intrusive/list.hpp>

#include "logplex/runtime/shard.hpp"

namespace sluice::router {

/// A connection of the proxy that continues without an event of its socket. Destroying it removes it from its queue.
class Resumable : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  virtual void go_on() = 0;

 protected:
  virtual ~Resumable() = default;
};

/// The connections of one shard's proxy that have more to do. At the end of a turn each continues, in the order in
/// which they were added, as long as the turn is short. The others come first in the next turn. So when thousands are
/// busy, close, or time out at once, that takes many short turns instead of one long one.
///
/// Lives on its shard, in ProxyShard. Nothing is allocated; bounded by the number of connections.
class TurnQueue final : private TurnHook {
 public:
  /// A connection is not continued once the turn has lasted this long by the clock; it waits for the next turn.
  static constexpr std::chrono::microseconds kShare{1000};

  explicit TurnQueue(Shard& shard) : shard_(shard) {}
  TurnQueue(const TurnQueue&) = delete;
  TurnQueue& operator=(const TurnQueue&) = delete;
  ~TurnQueue() override { shard_.forget(*this); }

  /// Adding a connection twice is the same as once.
  void add(Resumable& more) {
    if (more.is_linked()) return;
    waiting_.push_back(more);
    shard_.at_turn_end(*this);
  }
  /// True when the turn has lasted so long that other work should wait. `bytes`: bytes read since the last call. It
  /// reads the clock about every 64 KiB or 16 calls: reading it each time would be 5 % of a small request.
  bool turn_is_long(std::size_t bytes = 0) {
    if (shard_.now() != turn_) begin_turn();
    unlooked_ += kPerQuestion + bytes;
    if (unlooked_ >= kPerLook) look();
    return long_;
  }
  bool empty() const { return waiting_.empty(); }

 private:
  using List = boost::intrusive::list<Resumable, boost::intrusive::constant_time_size<false>>;

  static constexpr std::size_t kPerQuestion = 4096;
  static constexpr std::size_t kPerLook = 65536;

  void begin_turn() {
    turn_ = shard_.now();
    long_ = false;
  }
  void look() {
    unlooked_ = 0;
    long_ = shard_.clock().steady() - turn_ > kShare;
  }

  void on_turn_end() override {
    List now;
    now.splice(now.end(), waiting_);
    while (!now.empty() && !turn_is_long()) {
      Resumable& next = now.front();
      now.pop_front();
      next.go_on();
    }
    waiting_.splice(waiting_.begin(), now);
    if (!waiting_.empty()) shard_.at_turn_end(*this);
  }

  Shard& shard_;
  SteadyTime turn_{};
  bool long_ = false;
  std::size_t unlooked_ = 0;
  List waiting_;
};

}  // namespace sluice::router
