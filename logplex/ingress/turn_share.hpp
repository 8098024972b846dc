#pragma once

#include "logplex/runtime/event.hpp"

namespace sluice::ingress {

/// Keeps a task with much work from delaying its shard's other connections: after each piece of work the task asks
/// whether its share of the turn is used up, and if so continues in the next turn.
///
///     if (share.used_up(piece.size())) co_await share.next_turn();
///
/// Lives in the task's frame, on its shard.
class TurnShare final : private TurnHook, private OnShard {
 public:
  /// In bytes of light work: about 0.1 ms.
  static constexpr std::size_t kShare = 128 << 10;

  explicit TurnShare(Shard& shard) : OnShard(shard), begins_(shard) {}
  TurnShare(const TurnShare&) = delete;
  TurnShare& operator=(const TurnShare&) = delete;
  ~TurnShare() override { shard().forget(*this); }

  bool used_up(std::size_t work) { return (used_ += work) >= kShare; }

  Task<void> next_turn() {
    used_ = 0;
    shard().at_turn_end(*this);
    co_await begins_.wait();
  }

 private:
  void on_turn_end() override { begins_.set(); }

  std::size_t used_ = 0;
  Event begins_;
};

}  // namespace sluice::ingress
