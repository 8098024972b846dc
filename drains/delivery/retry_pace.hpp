#pragma once

#include <algorithm>
#include <utility>

#include "logplex/base/backoff.hpp"

namespace sluice::drains {

/// How long a drain waits before it tries a receiver again that failed. A plain value.
class RetryPace {
 public:
  /// The longest pause that a receiver's Retry-After can ask for.
  static constexpr std::chrono::minutes kLongestAsked{10};

  explicit RetryPace(Backoff backoff) : backoff_(backoff) {}

  /// Takes note of the pause that the receiver asked for with its last failure; 0 = none.
  void ask(Duration pause) { asked_ = std::min<Duration>(pause, kLongestAsked); }
  /// A connection with unconfirmed frames broke. False the first time since something was delivered: receivers close
  /// connections for reasons of their own, so the next attempt need not wait.
  bool must_wait_after_break() { return std::exchange(broke_before_, true); }
  void on_delivered() {
    backoff_.reset();
    broke_before_ = false;
  }
  /// The receiver answers, or is another one: pauses are short again.
  void shorten() { backoff_.reset(); }
  /// The pause before the next attempt; the one after it will be longer.
  Duration next(Rng& rng) { return std::max(asked_, backoff_.pause(rng)); }

 private:
  Backoff backoff_;
  Duration asked_{};
  bool broke_before_ = false;
};

}  // namespace sluice::drains
