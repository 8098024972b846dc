#include "logplex/runtime/memory_count.hpp"

#include "logplex/runtime/memory_shard.hpp"

namespace sluice {

MemoryCount::MemoryCount(MemoryAccount& account, MemoryClass of, Bytes size)
    : account_(account), class_(of), units_((size.count + MemoryCharge::kUnit - 1) / MemoryCharge::kUnit) {
  MemoryShard::add(account_, class_, units_);
}

MemoryCount::~MemoryCount() { MemoryShard::add(account_, class_, 0 - units_); }

}  // namespace sluice
