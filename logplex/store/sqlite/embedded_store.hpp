#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "logplex/base/clock.hpp"
#include "logplex/store/publisher.hpp"
#include "logplex/store/sqlite/store_core.hpp"
#include "logplex/store/store.hpp"

namespace sluice {

/// The store of one machine: SQLite in the data directory, written by one thread named "store".
///
///     apply() --> queue --> store thread: decide, one transaction for up to 512 changes --> Publisher --> shards
///
/// While one batch is being synced, the next one gathers, so more writers do not need more syncs. Queue full (10,000
/// changes): kUnavailable at once. Disk full or failing: kUnavailable; reads continue from memory.
class EmbeddedStore final : public Store {
 public:
  EmbeddedStore(StoreCore core, Clock& clock);
  ~EmbeddedStore() override;

  void start(Runtime& runtime) override;
  Task<result<Applied, Error>> apply(Change change) override;
  ConfigFeed& feed(const Shard& shard) override { return publisher_->feed(shard.id()); }
  StoreStatus status() const override;
  void add_metrics(MetricsPage& page) const override;

 private:
  struct Pending {
    std::shared_ptr<AppliedReply> reply;
    Change change;
  };
  struct Counters {
    std::uint64_t commits = 0;
    std::uint64_t failed_commits = 0;
    std::uint64_t changes = 0;
    std::uint64_t refused = 0;
    double commit_seconds = 0;
  };

  bool submit(Pending& pending);
  void work();
  /// False when the store is stopping. The batch is empty when there are only snapshots to free.
  bool wait_for_work(std::vector<Pending>& batch);
  void handle(std::vector<Pending> batch);
  void remove_expired();
  void count(const StoreCore::Batch& batch, double seconds);
  void on_shown();

  Clock& clock_;
  StoreCore core_;  // store thread, once started
  std::unique_ptr<Publisher> publisher_;
  SteadyTime next_cleaning_;

  mutable std::mutex mutex_;  // guards the members below
  std::condition_variable wakeup_;
  std::deque<Pending> queue_;
  bool shown_ = false;  // all shards have seen a snapshot: older ones can be freed
  bool stopping_ = false;
  StoreStatus status_;
  Counters counters_;

  std::thread thread_;
};

}  // namespace sluice
