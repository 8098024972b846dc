#pragma once

#include "logplex/runtime/memory_account.hpp"

namespace sluice {

/// Memory whose size is known and that nobody is told to give up, because something else bounds it: it only counts, as
/// long as this lives. The account outlives it. Any thread.
class MemoryCount {
 public:
  MemoryCount(MemoryAccount& account, MemoryClass of, Bytes size);
  MemoryCount(const MemoryCount&) = delete;
  MemoryCount& operator=(const MemoryCount&) = delete;
  ~MemoryCount();

 private:
  MemoryAccount& account_;
  const MemoryClass class_;
  const std::uint64_t units_;
};

}  // namespace sluice
