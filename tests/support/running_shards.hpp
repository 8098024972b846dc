#pragma once

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include <boost/asio/post.hpp>

#include "logplex/runtime/gate.hpp"
#include "logplex/runtime/runtime.hpp"

namespace sluice {

/// Shards with threads and real time, for tests with real sockets. What lives on a shard is made and destroyed there
/// by on(), or before start() and after the runtime stopped.
class RunningShards {
 public:
  explicit RunningShards(std::uint32_t shards = 1) : runtime(shards, clock) {}
  ~RunningShards() { stop(); }

  void start() { runtime.start(); }
  void stop() {
    runtime.stop();
    runtime.join();
  }

  /// Runs `f` in a turn of that shard and returns what it gives.
  template <class F, class R = std::invoke_result_t<F&>>
  R on(std::uint32_t shard, F f) {
    std::promise<R> promise;
    auto answer = promise.get_future();
    asio::post(runtime.shard(shard).io(), [&] {
      if constexpr (std::is_void_v<R>) {
        f();
        promise.set_value();
      } else {
        promise.set_value(f());
      }
    });
    return answer.get();
  }

  /// Runs the task on that shard and returns its value.
  template <class R>
  R await(std::uint32_t shard, Task<R> task) {
    std::promise<R> promise;
    auto answer = promise.get_future();
    std::unique_ptr<Gate> gate;
    on(shard, [&] {
      gate = std::make_unique<Gate>(runtime.shard(shard), "test");
      gate->spawn(fulfil(std::move(task), promise));
    });
    if constexpr (std::is_void_v<R>) {
      answer.get();
      end(shard, gate);
    } else {
      R value = answer.get();
      end(shard, gate);
      return value;
    }
  }

  SystemClock clock;
  Runtime runtime;

 private:
  template <class R>
  static Task<void> fulfil(Task<R> task, std::promise<R>& promise) {
    if constexpr (std::is_void_v<R>) {
      co_await std::move(task);
      promise.set_value();
    } else {
      R value = co_await std::move(task);
      promise.set_value(std::move(value));
    }
  }

  void end(std::uint32_t shard, std::unique_ptr<Gate>& gate) {
    while (on(shard, [&] { return gate->running() != 0; })) std::this_thread::yield();
    on(shard, [&] { gate.reset(); });
  }
};

/// Waits until `condition` holds; returns whether it does. Gives up after a minute, which is longer than anything here
/// takes on a machine that has much else to do.
template <class F>
bool eventually(F condition) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace sluice
