#include "logplex/runtime/runtime.hpp"

#include <pthread.h>
#include <sched.h>

#include <string>

#include "logplex/runtime/memory_account.hpp"

namespace sluice {

Runtime::Runtime(std::uint32_t shards, Clock& clock, bool pin)
    : pin_(pin), memory_(std::make_unique<MemoryAccount>(shards)) {
  SLUICE_CHECK(shards > 0);
  for (std::uint32_t i = 0; i < shards * shards; ++i) mailboxes_.push_back(std::make_unique<Mailbox>(kMailboxCapacity));
  for (std::uint32_t id = 0; id < shards; ++id) shards_.push_back(std::make_unique<Shard>(*this, id, clock));
}

Runtime::~Runtime() {
  stop();
  join();
  // Mail may own things that live on a shard: it goes first.
  mailboxes_.clear();
}

void Runtime::start() {
  for (std::uint32_t id = 0; id < size(); ++id) {
    threads_.emplace_back([this, id] {
      ::pthread_setname_np(::pthread_self(), ("shard-" + std::to_string(id)).c_str());
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
