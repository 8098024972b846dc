#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "logplex/base/settings.hpp"
#include "logplex/base/units.hpp"
#include "logplex/channel/channel_numbers.hpp"
#include "logplex/channel/channel_rates.hpp"
#include "logplex/channel/channel_reader.hpp"
#include "logplex/channel/log_identity.hpp"
#include "logplex/channel/outbox.hpp"
#include "logplex/channel/outlet.hpp"
#include "logplex/channel/seams/channel_key.hpp"
#include "logplex/channel/seams/line_log.hpp"
#include "logplex/channel/seams/placement.hpp"
#include "logplex/channel/shard_log.hpp"
#include "logplex/channel/shares.hpp"
#include "logplex/channel/subscription.hpp"
#include "logplex/runtime/runtime.hpp"
#include "logplex/runtime/task.hpp"

namespace sluice {

class MetricsPage;
struct OwedLines;
class Restoring;

struct FabricGauges {
  std::uint64_t bytes_used = 0;    // capacity of segments, index and batches
  std::uint64_t bytes_budget = 0;  // this shard's share
  std::uint64_t channels = 0;
  std::uint64_t lines_appended = 0;   // including the lines that gap records stand for
  std::uint64_t lines_over_rate = 0;  // dropped, and counted in gap records
  std::uint64_t limited_senders = 0;  // tokens and API keys that have used a part of their rate
  std::uint64_t eviction_looks = 0;   // at channels, to find the one that gives memory
  std::uint64_t lines_refused = 0;    // dropped because the outbox to another shard was full
  std::uint64_t lines_unrouted = 0;   // dropped because their channel was closed or unknown
  std::uint64_t lines_restored = 0;   // of the appended ones: owed lines kept by the last stop
  std::array<std::uint64_t, Losses::kReasons> lines_evicted{};  // by reason; readers may have taken them before
};

/// One shard's part of the fabric: the logs of the channels that this shard owns, and the outbox to the other shards.
///
/// Lives on its shard, owned by Fabric. append() never waits: it puts a line for another shard into a batch. When too
/// many batches are under way, it drops and counts the line, and the channel's owner writes a gap record. When the byte
/// budget is used up, channels that hold more than their fair share lose their oldest segments: see ShardLog.
class FabricShard final : public LineOutlet, public OnShard, private TurnHook {
 public:
  FabricShard(Fabric& fabric, Shard& shard, std::unique_ptr<Placement> placement);
  ~FabricShard() override;

  /// Starts the timer that, each second, renegotiates this shard's share of the budget.
  void start();

  void append(ChannelSlot channel, const LineView& line) override;
  /// The same for a line of a token or an API key: it counts against the rate of that sender, too.
  void append_from(ChannelSlot channel, const LineView& line, SenderId sender);
  /// Prefetches the memory that append() to this channel will touch, in three steps. A caller with lines for several
  /// channels does each step for all of them before the next step.
  enum class Step : std::uint8_t { kChannel, kSegment, kTail };
  void prefetch(ChannelSlot channel, Step step) const;
  /// Records lines that the caller dropped, for example because of a quota: the gap consumes their sequence numbers, so
  /// readers learn how many lines they lost and why.
  void append_gap(ChannelSlot channel, std::uint64_t lines, LossReason reason);
  /// Waits until the owners have everything appended on this shard so far, so that a read afterwards sees it; then, if
  /// more is wanted, until the lines are that safe. Returns the level that was reached, which may be lower than wanted:
  /// see LineLog. Error: operation_canceled when the task is cancelled.
  Task<result<Ack>> settled(Ack wanted = Ack::kMemory);
  /// How many lines append() has dropped so far. A caller that must report drops compares before and after.
  std::uint64_t lines_refused() const { return outbox_.refused(); }

  /// Apply a change of the configuration; call them on every shard. Both are idempotent. Closing a channel detaches its
  /// own subscriptions; global readers can still take the lines that they have not taken.
  ///
  /// After a change of owners, open the channel again. The shard that lost it closes it and tells the new owner, if it
  /// is on this node, where numbers go on; until then the channel is not open there. Lines that reach a shard which
  /// does not own their channel count as unrouted.
  void open_channel(ChannelSlot channel, std::string_view id);
  void close_channel(ChannelSlot channel);
  bool is_open(ChannelSlot channel) const { return route_of(channel).state == Route::kOpen; }
  /// Who owns which partition, as this shard sees it.
  Placement& placement() { return *placement_; }
  const Placement& placement() const { return *placement_; }
  /// The shard of this node that owns the channel. The channel must be open.
  std::uint32_t owner_of(ChannelSlot channel) const;

  /// Backpressure: how long ingress should pause before it reads more for this channel. Above 75 % of the owner's
  /// budget it rises, up to ingress.max_delay, with the memory in use and with ShardLog::strain(). Otherwise 0, but at
  /// least 1 ms while the outbox to the owner is full, and at least 8 ms while the owner's ingress is held.
  Duration ingress_delay(ChannelSlot channel);
  /// Half of the batches that may be under way to that shard (to any shard) are: read less until this is false.
  bool outbox_full(std::uint32_t to) { return outbox_.full(to); }
  bool outbox_full();
  /// After outbox_full() returned false, append() drops none of the next lines up to so many bytes.
  std::size_t outbox_portion() const { return outbox_.portion(); }
  /// Counts memory that other parts use for lines (frames, receive buffers) against the budget; a negative number
  /// gives it back.
  void charge(std::int64_t bytes) { log_.charge(bytes); }

  /// The number of the channel's oldest line in memory, or of its next line when it holds none. The largest Seq when
  /// the channel is not open on this shard.
  Seq first_held(ChannelSlot channel) const;
  /// What names the channel in every process. Known once the channel was open on this shard, and then for ever.
  ChannelKey key_of(ChannelSlot channel) const;
  /// Where a reader of this position goes on. None when numbers did not go on since then, or the channel is not open.
  std::optional<ResumedAt> resume(ChannelSlot channel, Seq kept) const;
  /// A reader for a channel of this shard; both must outlive it.
  std::unique_ptr<ChannelReader> reader(ChannelReader::Observer& observer);
  /// Adds where the numbers of this shard's channels go on after a stop.
  void add_numbers(ChannelNumbers& numbers) const;

  /// Whether attach_all() would find a place for one more reader on this shard.
  bool has_place_for_global_reader() const { return log_.has_place_for_global_reader(); }
  std::uint64_t budget_bytes() const { return log_.limit(); }
  /// A reader of all channels calls this with true when it cannot keep up, and with false later. While more callers
  /// hold than have released, ingress pauses a little for every channel of this shard.
  void hold_ingress(bool hold) { holds_ += hold ? 1 : -1; }

  /// Writes the gaps and notices that are due for lines dropped by the rates; before the end, all gaps.
  void tell_dropped() { tell_dropped(Moment::kEndOfSecond); }

  FabricGauges gauges() const;
  void add_metrics(MetricsPage& page) const;
  const LogIdentity& identity() const;

 private:
  friend class Fabric;
  friend class Outbox;
  friend class Subscription;
  friend class Restoring;
  friend OwedLines owed_lines(const FabricShard& fabric, ChannelSlot channel, std::string_view id, Seq from);

  struct Route {
    enum State : std::uint8_t {
      kUnknown,
      kOpen,
      kClosed,
      kElsewhere,  // another node owns the channel
      kExpected,   // this shard owns it, but the last owner has not said yet where its numbers go on
      kReady,      // the last owner has said so, but this shard has not learned yet that it owns the channel
    };
    std::uint32_t index = 0;  // index in the ShardLog; set on the owner only
    std::uint16_t owner = 0;
    State state = kUnknown;
  };

  void on_turn_end() override;
  Route route_of(ChannelSlot channel) const {
    return channel.value < routes_.size() ? routes_[channel.value] : Route{};
  }
  Route& route_at(ChannelSlot channel);
  bool is_mine(const Route& route) const { return route.owner == id_; }
  void open_log(ChannelSlot channel, Route& route, bool again);
  std::uint64_t counts_since(const ChannelLog& log) const;
  void close_log(const Route& route);
  void hand_over(ChannelSlot channel, const Route& route, Owner to);
  void take_over(ChannelSlot channel, Seq next);
  /// The channel, if this shard owns it. Errors: kNoChannel, kNotOwner.
  result<ChannelLog*> find(ChannelSlot channel) const;
  void receive(std::uint32_t from, std::unique_ptr<LineBatch> batch);
  void receive_record(ChannelSlot channel, SenderId sender, const RecordView& record, LineBatch& batch);
  Duration delay_of(const ChannelLog& channel) const;
  void on_second();
  void ask_for_share();
  void append_limited(ChannelLog& channel, const LineView& line, SenderId sender);
  /// Counts a line. True when it is over the rate of the channel or the sender: it is counted as dropped.
  bool is_over_rate(ChannelLog& channel, SenderId sender, std::size_t bytes);
  enum class Moment : std::uint8_t { kEndOfTurn, kEndOfSecond };
  void tell_dropped(Moment moment);
  void write_gap(ChannelLog& channel);
  void charge_rates();
  void write_notice(ChannelSlot channel, std::uint64_t lines, WallTime since);

  Fabric& fabric_;
  const std::uint32_t id_;
  const std::unique_ptr<Placement> placement_;
  ShardLog log_;
  Outbox outbox_;
  ChannelRates rates_;
  std::int64_t rates_charged_ = 0;
  std::vector<Route> routes_;
  std::vector<ChannelKey> keys_;  // by slot
  Deadline<&FabricShard::on_second> second_;
  std::uint64_t evicted_before_ = 0;  // evicted bytes at the last exchange of shares
  std::uint64_t unrouted_ = 0;
  std::uint64_t restored_ = 0;
  int holds_ = 0;
};

/// What is behind the fabric. By default a node alone that keeps lines in memory only.
struct FabricSeams {
  MakePlacement placement = fixed_placement;
  std::unique_ptr<LineLog> log = std::make_unique<NoLog>();
  MakeReader reader = read_from_memory;
};

/// All channels of the process: one FabricShard per shard of the runtime. Created at start-up, before the shards run.
/// Destroyed before the runtime, after the shards have stopped and every Subscription is gone.
class Fabric {
 public:
  Fabric(Runtime& runtime, const FabricSettings& settings, Duration ingress_max_delay, LogIdentity identity,
         FabricSeams seams = {});
  Fabric(const Fabric&) = delete;
  Fabric& operator=(const Fabric&) = delete;
  ~Fabric();

  FabricShard& shard(std::uint32_t id) { return *shards_[id]; }
  /// The part of the shard whose turn is running.
  FabricShard& local() { return shard(Shard::current().id()); }
  Runtime& runtime() { return runtime_; }
  const FabricSettings& settings() const { return settings_; }
  Duration ingress_max_delay() const { return ingress_max_delay_; }
  const LogIdentity& identity() const { return identity_; }
  /// Limits every channel and each of its senders to these rates. Call before the shards run.
  void limit_rates(const RateLimits& limits);
  /// Lets numbers go on where the last run stopped. Call before channels are opened.
  void go_on_with(ChannelNumbers numbers) { numbers_ = std::move(numbers); }
  /// Splits the budget by the bytes that each shard will hold at first. Call before the shards run.
  void expect(const std::vector<std::uint64_t>& bytes);

 private:
  friend class FabricShard;
  friend class Outbox;

  /// Mailbox for empty batches on their way back. Pushing to it wakes nobody; the sender polls it.
  Mailbox& returns(std::uint32_t from, std::uint32_t to) { return *returns_[from * shards_.size() + to]; }
  std::uint32_t most_batches_under_way() const;
  /// On shard 0: records one shard's demand; when all shards have asked, sends each its share.
  void on_demand(std::uint32_t from, ShareDemand demand);

  Runtime& runtime_;
  const FabricSettings settings_;
  const Duration ingress_max_delay_;
  const LogIdentity identity_;
  const std::unique_ptr<LineLog> log_;
  const MakeReader make_reader_;
  ChannelNumbers numbers_;
  std::vector<std::unique_ptr<Mailbox>> returns_;
  std::vector<std::unique_ptr<FabricShard>> shards_;
  std::vector<ShareDemand> demands_;  // on shard 0
  std::vector<bool> asked_;
};

}  // namespace sluice
