#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "drains/delivery/drain_runner.hpp"
#include "drains/kinds/channel_names.hpp"
#include "drains/kinds/drain_kind.hpp"
#include "logplex/store/config_feed.hpp"

namespace sluice {
class MetricsPage;
}  // namespace sluice

namespace sluice::drains {

/// The drains of one shard: the drains of the channels that the shard owns, and its part of every global drain. The set
/// follows the configuration; after a change of owners, repeat the configuration to it. A drain starts in the same turn
/// in which its shard learns of it, so it gets every line that was accepted after the request that created it was
/// answered.
///
/// Lives on its shard. The environment and the fabric must outlive it. Add it to the configuration feed after the
/// channels are open.
class DrainSet final : public ConfigObserver, public OnShard {
 public:
  DrainSet(DrainEnvironment environment, FabricShard& fabric);
  ~DrainSet() override;

  void on_config(const ConfigSnapshot& config, const ChangedKeys& changed) override;

  /// The counts of a drain's part on this shard; none if the drain does not run here.
  std::optional<Ledger> ledger(std::uint64_t drain) const;
  /// False when the drain does not run here.
  bool skip_pending(std::uint64_t drain);
  /// Calls visit(runner) for about kDrainsAtOnce drains, beginning with hash bucket `at`, and returns the bucket to
  /// continue with; 0 after the last one. There may be very many drains, so continue in another turn.
  static constexpr std::size_t kDrainsAtOnce = 500;
  template <class Visit>
  std::size_t for_some(std::size_t at, Visit&& visit) const {
    const std::size_t end = std::min(at + kDrainsAtOnce, runners_.bucket_count());
    for (; at < end; ++at)
      for (auto running = runners_.begin(at); running != runners_.end(at); ++running) visit(*running->second);
    return at < runners_.bucket_count() ? at : 0;
  }

  /// Call it when no new lines come any more: every drain sends what it has, without waiting for full batches.
  void flush();
  /// Returns when every drain has sent its lines or failed.
  Task<void> flushed();
  /// Stops all drains at once.
  void cancel();
  Task<void> stopped();

  /// Hands over what drains of this shard were owed at the last stop. Call it before the set follows the configuration:
  /// the first configuration decides which of these lines are restored.
  void expect(std::vector<OwedLines> owed) { expected_ = std::move(owed); }
  /// What drains of this shard are owed now, by channel. Call it after they have stopped and while the fabric exists.
  std::vector<OwedLines> take_owed();
  /// Logs for each drain how many undelivered lines are kept for the next start and how many are lost.
  void log_undelivered(bool written) const;

  /// The id of a channel that this shard owns; empty if the channel is not known.
  std::string channel_name(ChannelSlot channel) const { return std::string(names_.name(channel)); }
  const DrainEnvironment& environment() const { return environment_; }
  std::uint64_t lines_delivered() const { return memory_.delivered_lines; }
  /// Adds the metrics of some drains to the page, which sums them up. `at` is 0 at first, then what the last call
  /// returned; 0 means that all are done.
  std::size_t add_metrics(MetricsPage& page, std::size_t at) const;

 private:
  bool runs_here(const DrainEntry& entry) const;
  void update(const DrainEntry& entry);
  void remove(std::uint64_t drain);
  using Tokens = std::unordered_map<Uuid, const Drain*, UuidHash>;
  void follow(const ConfigSnapshot& config, const ChangedKeys& changed);
  Tokens tokens(const ConfigSnapshot& config) const;
  void restore(const ConfigSnapshot& config, Restoring& restoring);
  void go_on(std::uint64_t drain, ChannelSlot channel, const OwedCursor& cursor);
  Task<void> retire(std::unique_ptr<DrainRunner> runner);
  struct Pinned {
    DrainRunner* runner;
    Gate::Hold hold;
  };
  std::vector<Pinned> pin_all();

  ChannelNames names_;
  const DrainEnvironment environment_;
  FabricShard& fabric_;
  FrameMemory memory_;
  std::unordered_map<std::uint64_t, std::unique_ptr<DrainRunner>> runners_;
  std::vector<OwedLines> expected_;
  std::unordered_map<std::uint64_t, DrainOwed> going_on_;  // by drain, until the drain has started
  Ledger ended_;                                           // counts of deleted drains, for metrics
  std::map<const DrainKind*, Ledger> kinds_ended_;         // of these, the channel drains, by kinds with metrics
  std::uint64_t gave_up_ended_ = 0;                        // lines of deleted drains that a filter gave up on
  Gate gate_;
};

}  // namespace sluice::drains
