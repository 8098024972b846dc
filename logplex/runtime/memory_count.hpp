#pragma once

#include "logplex/runtime/memory_account.hpp"

namespace sluice {

/// Counts memory of a known size while this object lives. No holder is told to give it up, because something else
/// bounds it. The account outlives this object. Any thread.
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
