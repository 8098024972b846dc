#include "logplex/runtime/lane.hpp"

#include <algorithm>
#include <utility>

#include "logplex/base/metrics.hpp"
#include "logplex/runtime/behind_shards.hpp"
#include "logplex/runtime/thread_cpu.hpp"

namespace sluice {
namespace {

/// Each step counts as at least this much, so that owners take turns even when their jobs only wait.
constexpr Duration kLeastUsed = std::chrono::microseconds(10);

}  // namespace

Lane::Lane(std::string name, std::size_t threads, std::size_t capacity) : name_(std::move(name)), capacity_(capacity) {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] {
      work_behind_shards(name_);
      work();
    });
  }
}

Lane::~Lane() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wakeup_.notify_all();
  for (auto& thread : threads_) thread.join();
}

bool Lane::submit(std::string owner, std::function<void()> work) {
  return add(std::move(owner), [work = std::move(work)] {
    work();
    return true;
  });
}

bool Lane::add(std::string name, Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || waiting_ >= capacity_) {
      ++refused_;
      return false;
    }
    const auto owner = owners_.try_emplace(std::move(name)).first;
    Owner& of = owner->second;
    if (!of.has_thread && of.jobs.empty()) {
      rested_.erase({of.used, owner->first});
      of.used = std::max(of.used, level_);
      ready_.emplace(of.used, owner->first);
    }
    of.jobs.push_back(std::move(job));
    ++waiting_;
  }
  wakeup_.notify_one();
  return true;
}

void Lane::add_metrics(MetricsPage& page) const {
  const std::lock_guard lock(mutex_);
  const MetricsPage::Labels lane{{"lane", name_}};
  page.gauge("sluice_lane_waiting_jobs", "Jobs that wait for a worker thread.", waiting_, lane);
  page.gauge("sluice_lane_waiting_owners", "Owners, such as channels, whose jobs wait for a worker thread.",
             ready_.size(), lane);
  page.counter("sluice_lane_refused_jobs_total", "Jobs refused because too many waited for a worker thread.", refused_,
               lane);
  page.counter("sluice_lane_processor_seconds_total", "Processor time used by worker threads.",
               std::chrono::duration<double>(used_).count(), lane);
}

/// Takes the owner that has used least, of those with jobs. The owner has the thread until put_back().
Lane::Owners::iterator Lane::take_next() {
  const auto owner = owners_.find(ready_.begin()->second);
  ready_.erase(ready_.begin());
  owner->second.has_thread = true;
  level_ = std::max(level_, owner->second.used);
  --waiting_;
  return owner;
}

/// Called after a step.
void Lane::put_back(Owners::iterator owner, Duration used) {
  Owner& of = owner->second;
  of.has_thread = false;
  of.used = std::max(of.used, level_) + used;
  used_ += used;
  (of.jobs.empty() ? rested_ : ready_).emplace(of.used, owner->first);
  forget_rested();
}

/// Forgets an owner without jobs once the others have used as much, or when no job waits.
void Lane::forget_rested() {
  while (!rested_.empty() && (waiting_ == 0 || rested_.begin()->first <= level_)) {
    const auto owner = owners_.find(rested_.begin()->second);
    rested_.erase(rested_.begin());
    owners_.erase(owner);
  }
}

void Lane::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wakeup_.wait(lock, [this] { return stopping_ || !ready_.empty(); });
    if (stopping_) return;
    const auto owner = take_next();
    Job job = std::move(owner->second.jobs.front());
    owner->second.jobs.pop_front();
    lock.unlock();
    const Duration began = thread_cpu();
    const bool ended = job();
    const Duration used = std::max<Duration>(thread_cpu() - began, kLeastUsed);
    if (ended) job = nullptr;  // destroy what the job holds outside the lock
    lock.lock();
    if (!ended) {
      owner->second.jobs.push_front(std::move(job));
      ++waiting_;
    }
    put_back(owner, used);
  }
}

}  // namespace sluice
