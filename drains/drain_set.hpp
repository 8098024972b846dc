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

/// The drains of one shard: those of the channels that it owns, and its part of every global one. Follows the
/// configuration; a drain begins in the turn in which its shard learns of it, so that it is offered every line accepted
/// after its creation was answered.
///
/// Lives on its shard; environment and fabric outlive it. Added to the feed after the channels are opened.
class DrainSet final : public ConfigObserver, public OnShard {
 public:
  DrainSet(DrainEnvironment environment, FabricShard& fabric, std::uint32_t shards);
  ~DrainSet() override;

  void on_config(const ConfigSnapshot& config, const ChangedKeys& changed) override;

  /// The account of a drain's part on this shard; none when it does not run here.
  std::optional<Ledger> ledger(std::uint64_t drain) const;
  /// False when the drain does not run here.
  bool skip_pending(std::uint64_t drain);
  /// Calls visit(runner) for about kDrainsAtOnce of the drains here, those of the buckets from `at` on, and returns
  /// where to go on, in another turn: there may be very many. 0 when that were all.
  static constexpr std::size_t kDrainsAtOnce = 500;
  template <class Visit>
  std::size_t for_some(std::size_t at, Visit&& visit) const {
    const std::size_t end = std::min(at + kDrainsAtOnce, runners_.bucket_count());
    for (; at < end; ++at)
      for (auto running = runners_.begin(at); running != runners_.end(at); ++running) visit(*running->second);
    return at < runners_.bucket_count() ? at : 0;
  }

  /// No new lines come: every drain sends what it has.
  void flush();
  /// Returns when all have sent it or failed.
  Task<void> flushed();
  /// Ends everything now.
  void cancel();
  Task<void> stopped();

  /// What drains here were owed at the last stop. Before the set follows the configuration: the first one says what
  /// becomes of it.
  void expect(std::vector<OwedLines> owed) { expected_ = std::move(owed); }
  /// What drains here are owed now that they have stopped, channel by channel. Valid while the fabric is.
  std::vector<OwedLines> take_owed();
  /// Says in the own log what becomes of each drain's undelivered lines.
  void log_undelivered(bool written) const;

  /// Of a channel that this shard owns; empty when it is not known.
  std::string channel_name(ChannelSlot channel) const { return std::string(names_.name(channel)); }
  const DrainEnvironment& environment() const { return environment_; }
  std::uint64_t lines_delivered() const { return memory_.delivered_lines; }
  /// A part of the drains, from `at` on, 0 at first; returns where to go on, 0 at the end. The page adds them up.
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
  const std::uint32_t shards_;
  std::unordered_map<std::uint64_t, std::unique_ptr<DrainRunner>> runners_;
  std::vector<OwedLines> expected_;
  std::unordered_map<std::uint64_t, DrainOwed> going_on_;  // by drain, while they start
  Ledger ended_;                                           // sums of drains that were deleted, for metrics
  std::map<const DrainKind*, Ledger> kinds_ended_;         // of them, those of channels whose kinds have metrics
  std::uint64_t gave_up_ended_ = 0;                        // lines that their filters gave up on
  Gate gate_;
};

}  // namespace sluice::drains
