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

#include "logplex/base/units.hpp"
#include "logplex/runtime/reply.hpp"

namespace sluice {

class MetricsPage;

/// Worker threads for one kind of blocking or expensive work (certificates, handshakes, Kafka producers), so that no
/// shard waits. Bounded: when `capacity` jobs wait, run() fails with no_buffer_space and the caller reports overload.
///
/// Each job belongs to an owner, such as a channel; an empty name is the node itself. A free thread serves the owner
/// that has used the least CPU time; a new owner starts level with those that have jobs. So an owner waits for one step
/// of each other owner, however many and long their jobs are. The jobs of one owner run one after the other, in order,
/// so an owner never occupies more than one thread.
///
/// Shards call run(): the job runs on a thread of the lane, then the caller resumes on its shard. The destructor
/// finishes steps that have begun and drops the others. Destroy the lane before the runtime.
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

  /// For jobs of more than about 2 ms: each call of `step` does a piece; it returns nothing until it has the answer.
  template <class F, class R = typename std::invoke_result_t<F&>::value_type>
  Task<result<R>> run_in_steps(std::string owner, F step) {
    auto reply = std::make_shared<Reply<R>>();
    Job job = [reply, step = std::make_shared<F>(std::move(step))]() mutable {
      std::optional<R> value = (*step)();
      if (!value) return false;
      step.reset();
      Reply<R>::give(std::move(reply), std::move(*value));
      return true;
    };
    if (!add(std::move(owner), std::move(job))) co_return make_error_code(boost::system::errc::no_buffer_space);
    co_return co_await reply->get();
  }

  /// Queues work without an answer. False when the lane is full.
  bool submit(std::string owner, std::function<void()> work);

  /// Any thread.
  void add_metrics(MetricsPage& page) const;

 private:
  using Job = std::function<bool()>;  // runs one step; true when it was the last
  struct Owner {
    std::deque<Job> jobs;
    Duration used{0};  // CPU time, counted from the level at which the owner came
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
  Owners owners_;  // each is in one of the two sets below, or has a thread
  ByUse ready_;    // with jobs
  ByUse rested_;   // without jobs, and above the level
  std::size_t waiting_ = 0;
  std::uint64_t refused_ = 0;  // jobs that came when the lane was full
  Duration used_{0};           // by all owners
  Duration level_{0};          // `used` of the owner that was served last; never falls
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sluice
