#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "logplex/base/result.hpp"
#include "logplex/model/change.hpp"
#include "logplex/model/changed_keys.hpp"
#include "logplex/model/snapshot.hpp"
#include "logplex/runtime/event.hpp"
#include "logplex/runtime/runtime.hpp"
#include "logplex/store/config_feed.hpp"

namespace sluice {

/// A caller of Store::apply() that waits for its change; lives on the shard of the call.
struct Asker {
  explicit Asker(Shard& shard) : home(shard), ready(shard) {}

  Shard& home;
  Event ready;
  std::optional<result<Applied, Error>> outcome;
};

struct Answer {
  std::shared_ptr<Asker> asker;
  result<Applied, Error> outcome;
};

/// Sets the outcome on the asker's shard and wakes it. Any thread; the asker is released on its own shard.
void give(Answer answer);

/// Shows every snapshot to every shard, in order, and then answers the callers whose changes are in it.
///
///     store thread --post--> shard 0 feed, shard 1 feed, ...     each decrements `missing`
///     the last shard --post--> askers;  store thread frees older snapshots
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
    std::atomic<bool> done{false};       // all shards have seen it, and all askers are answered

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
