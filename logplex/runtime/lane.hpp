#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/post.hpp>

#include "logplex/runtime/event.hpp"

namespace sluice {

/// Worker threads for one kind of blocking work (fsync, SQLite, name resolution), so that no shard waits. Bounded:
/// when `capacity` jobs wait, run() fails with no_buffer_space and the caller reports overload.
///
/// Shards call run(); the job runs on a thread of the lane, the caller goes on where it was. Destroying the lane
/// finishes the jobs that have begun and drops the others. It must be destroyed before the runtime. `nice` above 0 lets
/// shards go first where cores are few.
class Lane {
 public:
  Lane(std::string name, std::size_t threads, std::size_t capacity, int nice = 0);
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;
  ~Lane();

  template <class F, class R = std::invoke_result_t<F&>>
  Task<result<R>> run(F job) {
    struct Answer {
      explicit Answer(Shard& shard) : ready(shard) {}
      Event ready;
      std::optional<R> value;
    };
    Shard& home = Shard::current();
    auto answer = std::make_shared<Answer>(home);
    // The answer holds a timer of the home shard: the worker hands it back before it lets go of it.
    std::function<void()> work = [answer, &io = home.io(), job = std::make_shared<F>(std::move(job))]() mutable {
      auto value = std::make_shared<R>((*job)());
      job.reset();
      asio::post(io, [answer = std::move(answer), value = std::move(value)] {
        answer->value.emplace(std::move(*value));
        answer->ready.set();
      });
    };
    if (!submit(std::move(work))) co_return make_error_code(boost::system::errc::no_buffer_space);
    while (!answer->value) co_await answer->ready.wait();
    co_return std::move(*answer->value);
  }

  /// Work without an answer. False when full.
  bool submit(std::function<void()> work);

 private:
  void work();

  const std::string name_;
  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable wakeup_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sluice
