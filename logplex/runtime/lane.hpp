#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>

#include "logplex/base/units.hpp"
#include "logplex/runtime/event.hpp"

namespace sluice {

class MetricsPage;

/// Worker threads for one kind of work that is blocking or dear (certificates, handshakes, Kafka producers), so that no
/// shard waits. Bounded: when `capacity` jobs wait, run() fails with no_buffer_space and the caller reports overload.
///
/// Each job is for an owner, such as a channel; an empty one is the node itself. The thread goes on with the owner
/// whose jobs have used least of a processor, and who comes new begins level with those who have jobs; so an owner
/// waits for a step of each other one, however many and long their jobs are. An owner's jobs are done one after the
/// other in their order, so that no owner has more than one of the threads.
///
/// Shards call run(); the job runs on a thread of the lane, the caller goes on where it was. Destroying the lane
/// finishes the steps that have begun and drops the others. It must be destroyed before the runtime.
class Lane {
 public:
  Lane(std::string name, std::size_t threads, std::size_t capacity);
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;
  ~Lane();

  template <class F, class R = std::invoke_result_t<F&>>
  Task<result<R>> run(std::string owner, F job) {
    return run_in_steps(std::move(owner), [job = std::move(job)]() mutable { return std::optional<R>(job()); });
  }

  /// For jobs of more than about two milliseconds: `step` does a piece and returns nothing until it has the answer.
  template <class F, class R = typename std::invoke_result_t<F&>::value_type>
  Task<result<R>> run_in_steps(std::string owner, F step) {
    struct Answer {
      explicit Answer(Shard& shard) : ready(shard) {}
      Event ready;
      std::optional<R> value;
    };
    Shard& home = Shard::current();
    auto answer = std::make_shared<Answer>(home);
    // The answer holds a timer of the home shard: the worker hands it back before it lets go of it.
    Job job = [answer, &io = home.io(), step = std::make_shared<F>(std::move(step))]() mutable {
      auto value = std::make_shared<std::optional<R>>((*step)());
      if (!*value) return false;
      step.reset();
      asio::post(io, [answer = std::move(answer), value = std::move(value)] {
        answer->value.emplace(std::move(**value));
        answer->ready.set();
      });
      return true;
    };
    if (!add(std::move(owner), std::move(job))) co_return make_error_code(boost::system::errc::no_buffer_space);
    while (!answer->value) co_await answer->ready.wait();
    co_return std::move(*answer->value);
  }

  /// Work without an answer. False when full.
  bool submit(std::string owner, std::function<void()> work);

  /// Any thread.
  void add_metrics(MetricsPage& page) const;

 private:
  using Job = std::function<bool()>;  // a step of it; true when it was the last
  struct Owner {
    std::deque<Job> jobs;
    Duration used{0};  // of a processor, counted on from the level at which it came
    bool has_thread = false;
  };
  using Owners = std::map<std::string, Owner, std::less<>>;
  using ByUse = std::set<std::pair<Duration, std::string_view>>;

  bool add(std::string owner, Job job);
  void work();
  Owners::iterator take_next();
  void put_back(Owners::iterator owner, Duration used);
  void forget_rested();

  const std::string name_;
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable wakeup_;
  Owners owners_;  // each is in one of the two below, or has a thread
  ByUse ready_;    // with jobs
  ByUse rested_;   // without jobs, and above the level
  std::size_t waiting_ = 0;
  std::uint64_t refused_ = 0;  // jobs that came when it was full
  Duration used_{0};           // by all owners
  Duration level_{0};          // what the owner had used whose job was taken last
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sluice
