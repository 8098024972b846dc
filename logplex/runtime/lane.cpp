#include "logplex/runtime/lane.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "logplex/runtime/thread_cpu.hpp"

namespace sluice {
namespace {

/// Counted for each step, so that owners take turns also when their jobs only wait.
constexpr Duration kLeastUsed = std::chrono::microseconds(10);

}  // namespace

Lane::Lane(std::string name, std::size_t threads, std::size_t capacity, int nice)
    : name_(std::move(name)), capacity_(capacity) {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this, nice] {
      if (nice > 0) ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), nice);
      ::pthread_setname_np(::pthread_self(), name_.substr(0, 15).c_str());
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

bool Lane::add(std::string owner, Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || waiting_ >= capacity_) return false;
    Owner& of = owners_[std::move(owner)];
    of.used = std::max(of.used, level_);
    of.jobs.push_back(std::move(job));
    ++waiting_;
  }
  wakeup_.notify_one();
  return true;
}

/// The owner with jobs that has used least.
Lane::Owners::iterator Lane::next() {
  auto least = owners_.end();
  for (auto owner = owners_.begin(); owner != owners_.end(); ++owner) {
    if (owner->second.jobs.empty()) continue;
    if (least == owners_.end() || owner->second.used < least->second.used) least = owner;
  }
  return least;
}

/// After a step. Owners without jobs are forgotten once the others have used as much.
void Lane::put_back(const std::string& name, Job job, bool ended, Duration used) {
  Owner& owner = owners_[name];
  owner.used = std::max(owner.used, level_) + used;
  if (!ended) owner.jobs.push_front(std::move(job));
  if (!ended) ++waiting_;
  std::erase_if(owners_, [this](const auto& entry) {
    return entry.second.jobs.empty() && (waiting_ == 0 || entry.second.used <= level_);
  });
}

void Lane::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wakeup_.wait(lock, [this] { return stopping_ || waiting_ > 0; });
    if (stopping_) return;
    const auto owner = next();
    const std::string name = owner->first;
    level_ = std::max(level_, owner->second.used);
    Job job = std::move(owner->second.jobs.front());
    owner->second.jobs.pop_front();
    --waiting_;
    lock.unlock();
    const Duration began = thread_cpu();
    const bool ended = job();
    const Duration used = std::max<Duration>(thread_cpu() - began, kLeastUsed);
    if (ended) job = nullptr;  // what it holds is not destroyed under the lock
    lock.lock();
    put_back(name, std::move(job), ended, used);
  }
}

}  // namespace sluice
