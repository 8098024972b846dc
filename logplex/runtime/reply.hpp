#pragma once

#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/post.hpp>

#include "logplex/runtime/event.hpp"
#include "logplex/runtime/shard.hpp"

namespace sluice {

/// A value that one task waits for, and that somebody gives later. Lives on the shard that made it, and must be
/// destroyed there, because it holds a timer of that shard: shared_ptr holders elsewhere hand it back with give().
template <class R>
class Reply {
 public:
  /// A reply on the shard whose turn is running.
  Reply() : home_(Shard::current()), given_(home_) {}

  /// On its shard, once.
  void set(R value) {
    value_.emplace(std::move(value));
    given_.set();
  }
  bool has_value() const { return value_.has_value(); }

  /// Waits for the value, and takes it. A cancelled caller ends at once.
  Task<R> get() {
    while (!value_) co_await given_.wait();
    co_return std::move(*value_);
  }
  /// Nothing when the value has not come in this time.
  Task<std::optional<R>> get_within(Duration time) {
    if (!value_) co_await given_.wait_for(time);
    co_return std::exchange(value_, std::nullopt);
  }

  /// Sets the value in a turn of the reply's shard. Any thread; `reply` is released there.
  static void give(std::shared_ptr<Reply> reply, R value) {
    auto& io = reply->home_.io();
    auto carried = std::make_unique<R>(std::move(value));
    asio::post(io, [reply = std::move(reply), carried = std::move(carried)] { reply->set(std::move(*carried)); });
  }

 private:
  Shard& home_;
  Event given_;
  std::optional<R> value_;
};

}  // namespace sluice
