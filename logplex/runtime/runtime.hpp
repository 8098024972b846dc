#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "logplex/runtime/mailbox.hpp"
#include "logplex/runtime/shard.hpp"

namespace sluice {

class MemoryAccount;

/// All shards of the process and the mailboxes between them.
class Runtime {
 public:
  /// Capacity of the mailbox from one shard to another.
  static constexpr std::size_t kMailboxCapacity = 256;

  /// `pin` binds each shard's thread to one core of the process's CPU set.
  Runtime(std::uint32_t shards, Clock& clock, bool pin = false);
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  ~Runtime();

  std::uint32_t size() const { return static_cast<std::uint32_t>(shards_.size()); }
  Shard& shard(std::uint32_t id) { return *shards_[id]; }
  /// Memory that peers make all shards hold, apart from lines and frames.
  MemoryAccount& memory() { return *memory_; }

  /// Starts one thread per shard.
  void start();
  /// Asks every shard to leave its loop after the current turn. Any thread. The destructor destroys whatever has not
  /// been stopped by then.
  void stop();
  void join();
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

  Mailbox& mailbox(std::uint32_t from, std::uint32_t to) { return *mailboxes_[from * shards_.size() + to]; }

 private:
  void pin_to_core(std::uint32_t shard);

  const bool pin_;
  std::atomic<bool> stopping_{false};
  std::unique_ptr<MemoryAccount> memory_;  // before the shards, whose objects release memory when destroyed
  std::vector<std::unique_ptr<Mailbox>> mailboxes_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::thread> threads_;
};

}  // namespace sluice
