#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "logplex/base/result.hpp"
#include "logplex/model/change.hpp"
#include "logplex/model/changed_keys.hpp"
#include "logplex/model/snapshot.hpp"
#include "logplex/runtime/reply.hpp"
#include "logplex/runtime/runtime.hpp"
#include "logplex/store/config_feed.hpp"

namespace sluice {

/// What a caller of Store::apply() waits for.
using AppliedReply = Reply<result<Applied, Error>>;

/// A reply and what to give to it.
struct Answer {
  std::shared_ptr<AppliedReply> reply;
  result<Applied, Error> outcome;

  /// Any thread, once.
  void give() { AppliedReply::give(std::move(reply), std::move(outcome)); }
};

/// Shows every snapshot to every shard, in order, and then answers the callers whose changes are in it.
///
///     store thread --post--> shard 0 feed, shard 1 feed, ...     each decrements `missing`
///     the last shard --post--> replies; store thread frees older snapshots
///
/// publish(), reap() and destruction run on the store's thread (or the thread that has joined it), because snapshots
/// share structure and must be freed there. It owns the feeds. The runtime outlives it, but the runtime's shards have
/// ended before it is destroyed.
class Publisher {
 public:
  /// Every shard's feed begins with `first`. `on_shown` is called, on a shard, when all shards have seen a snapshot.
  Publisher(Runtime& runtime, ConfigSnapshot first, std::function<void()> on_shown);
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  ConfigFeed& feed(std::uint32_t shard) { return *feeds_[shard]; }
  void publish(ConfigSnapshot config, ChangedKeys changed, std::vector<Answer> answers);
  /// Frees snapshots that no shard uses any more.
  void reap();
  /// Snapshots held: 1 at rest.
  std::size_t held() const { return publications_.size(); }
  /// The newest revision that every shard acts on. Any thread.
  std::uint64_t shown_revision() const { return shown_revision_.load(std::memory_order_acquire); }

 private:
  struct Publication {
    ConfigSnapshot config;
    ChangedKeys changed;
    std::vector<Answer> answers;
    std::atomic<std::uint32_t> missing;  // shards that have not seen it
    std::atomic<bool> done{false};       // all shards have seen it, and all replies are given

    Publication(ConfigSnapshot c, ChangedKeys k, std::vector<Answer> a, std::uint32_t shards)
        : config(std::move(c)), changed(std::move(k)), answers(std::move(a)), missing(shards) {}
  };

  void show(std::uint32_t shard, Publication& publication);
  void finish(Publication& publication);

  Runtime& runtime_;
  std::function<void()> on_shown_;
  std::deque<std::unique_ptr<Publication>> publications_;  // oldest first; the first one done and in use
  std::vector<std::unique_ptr<ConfigFeed>> feeds_;
  std::atomic<std::uint64_t> shown_revision_;
};

}  // namespace sluice
