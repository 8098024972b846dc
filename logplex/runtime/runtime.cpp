#include "logplex/runtime/runtime.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "logplex/runtime/memory_account.hpp"

namespace sluice {
namespace {

/// struct sched_attr of the kernel, version 0; Debian's C library has no wrapper.
struct SchedulerAttributes {
  std::uint32_t size = sizeof(SchedulerAttributes);
  std::uint32_t policy = 0;  // the ordinary one
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;  // of an ordinary thread: its slice, in ns
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};

/// Asks for a short scheduler slice. Otherwise a shard that wakes on a core with a busy worker thread waits for the
/// worker's slice of 3 ms to end. The kernel lets the thread with the shorter slice go first (from Linux 6.12; earlier
/// kernels ignore the request). With a busy thread on the core, nine in ten wake-ups were at most 0.14 ms late, instead
/// of 2.8 ms (2026-11-29). The threads' shares of the core stay the same.
void ask_for_short_slices() {
  constexpr std::uint64_t kSlice = 100'000;  // the shortest that the kernel gives
  SchedulerAttributes attributes;
  attributes.nice = ::getpriority(PRIO_PROCESS, 0);
  attributes.runtime = kSlice;
  ::syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace

Runtime::Runtime(std::uint32_t shards, Clock& clock, bool pin)
    : pin_(pin), memory_(std::make_unique<MemoryAccount>(shards)) {
  SLUICE_CHECK(shards > 0);
  for (std::uint32_t i = 0; i < shards * shards; ++i) mailboxes_.push_back(std::make_unique<Mailbox>(kMailboxCapacity));
  for (std::uint32_t id = 0; id < shards; ++id) shards_.push_back(std::make_unique<Shard>(*this, id, clock));
}

Runtime::~Runtime() {
  stop();
  join();
  // Mail may own objects that live on a shard, so it is destroyed first.
  mailboxes_.clear();
}

void Runtime::start() {
  for (std::uint32_t id = 0; id < size(); ++id) {
    threads_.emplace_back([this, id] {
      ::pthread_setname_np(::pthread_self(), ("shard-" + std::to_string(id)).c_str());
      ask_for_short_slices();
      if (pin_) pin_to_core(id);
      shards_[id]->run();
    });
  }
}

void Runtime::stop() {
  stopping_.store(true);
  for (auto& shard : shards_) shard->wake();
}

void Runtime::join() {
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

void Runtime::pin_to_core(std::uint32_t shard) {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) == 0) return;
  int skip = static_cast<int>(shard) % CPU_COUNT(&allowed);
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || skip-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    ::pthread_setaffinity_np(::pthread_self(), sizeof one, &one);
    return;
  }
}

}  // namespace sluice
