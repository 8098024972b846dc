#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "logplex/base/error.hpp"
#include "logplex/base/settings.hpp"
#include "logplex/base/units.hpp"
#include "logplex/channel/channel_rates.hpp"
#include "logplex/channel/log_identity.hpp"
#include "logplex/channel/outbox.hpp"
#include "logplex/channel/outlet.hpp"
#include "logplex/channel/shard_log.hpp"
#include "logplex/channel/shares.hpp"
#include "logplex/channel/subscription.hpp"
#include "logplex/runtime/runtime.hpp"
#include "logplex/runtime/task.hpp"

namespace sluice {

class MetricsPage;
struct OwedLines;
class Restoring;

enum class FabricError {
  kNoChannel = 1,  // the slot is not open: look it up again
  kNotOwner,       // another shard owns the channel: ask there
  kTooManyGlobal,  // 64 global readers on this shard already
};
const char* to_text(FabricError error);
SLUICE_ERROR_ENUM(FabricError, "fabric", to_text)

struct FabricGauges {
  std::uint64_t bytes_used = 0;    // capacity of segments, index and batches
  std::uint64_t bytes_budget = 0;  // this shard's share
  std::uint64_t channels = 0;
  std::uint64_t lines_appended = 0;                             // gaps' lines included
  std::uint64_t lines_over_rate = 0;                            // dropped; gaps say so
  std::uint64_t lines_refused = 0;                              // found no room on their way to another shard
  std::uint64_t lines_unrouted = 0;                             // for a channel that is closed or unknown
  std::uint64_t lines_restored = 0;                             // of those appended: owed since before the start
  std::array<std::uint64_t, Losses::kReasons> lines_evicted{};  // by reason; readers may have had them before
};

/// One shard's part of the fabric: the log of every channel that this shard owns, and the way to the others.
///
/// Lives on its shard, owned by Fabric. append() never waits: a line for another shard goes with its turn's batch; when
/// too many batches are under way the line is counted and its owner writes a gap record. When the byte budget is used
/// up, the largest channels give up their oldest segments, lines that only a standing reader waits for first.
class FabricShard final : public LineOutlet, public OnShard, private TurnHook {
 public:
  FabricShard(Fabric& fabric, Shard& shard);
  ~FabricShard() override;

  /// Begins to share the budget with the other shards, each second.
  void start();

  void append(ChannelSlot channel, const LineView& line) override;
  /// Brings nearer what append() to this channel will touch, one step after the other: who has several lines for
  /// different channels takes each step for all of them.
  enum class Step : std::uint8_t { kChannel, kSegment, kTail };
  void prefetch(ChannelSlot channel, Step step) const;
  /// For lines that were refused before they got here, such as over a quota: consumes their numbers, so that readers
  /// are told how many and why.
  void append_gap(ChannelSlot channel, std::uint64_t lines, LossReason reason);
  /// Ends when everything appended on this shard before is with its owners, so that a read afterwards sees it. Error:
  /// operation_canceled when the task is cancelled.
  Task<result<void>> settled();
  /// How many lines append() had to refuse so far: a caller who must say so compares before and after.
  std::uint64_t lines_refused() const { return outbox_.refused(); }

  /// Configuration changes, on every shard; both idempotent. Closing ends the channel's own subscriptions; global
  /// readers still get what they have not taken.
  void open_channel(ChannelSlot channel, std::string_view id);
  void close_channel(ChannelSlot channel);
  bool is_open(ChannelSlot channel) const { return route_of(channel).state == Route::kOpen; }
  /// The shard that owns the channel; only for open ones.
  std::uint32_t owner_of(ChannelSlot channel) const;

  /// How long ingress should pause before it reads more for this channel: 0 while less than 75 % of the owner's budget
  /// is in use, or the channel is not among the largest, or readers that make progress need less than half of what it
  /// holds; else rising to ingress.max_delay. A little while outbox_full() to its owner, or the owner's ingress is
  /// held.
  Duration ingress_delay(ChannelSlot channel);
  bool congested(ChannelSlot channel) { return ingress_delay(channel) > Duration{0}; }
  /// Half of what may be under way to that shard (to any) is: read less until it is not.
  bool outbox_full(std::uint32_t to) { return outbox_.full(to); }
  bool outbox_full();
  /// So many bytes of lines may be appended after outbox_full() said no, before it is asked again: none is refused.
  std::size_t outbox_portion() const { return outbox_.portion(); }
  /// Counts memory that others keep on behalf of lines (frames, receive buffers) against the budget; negative gives
  /// back.
  void charge(std::int64_t bytes) { log_.charge(bytes); }

  /// The number of the oldest line in memory, or of the next one; the highest there is when the channel is not open
  /// here.
  Seq first_held(ChannelSlot channel) const;

  /// Another reader of all channels could attach.
  bool has_place_for_global_reader() const { return log_.has_place_for_global_reader(); }
  std::uint64_t budget_bytes() const { return log_.limit(); }
  /// Asks ingress to pause a little whatever it feeds on this shard, until as many ask with false: what reads all
  /// channels can just not keep up.
  void hold_ingress(bool hold) { holds_ += hold ? 1 : -1; }

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
    enum State : std::uint8_t { kUnknown, kOpen, kClosed };
    std::uint32_t index = 0;  // in the owner's log; only there
    std::uint16_t owner = 0;
    State state = kUnknown;
  };

  void on_turn_end() override;
  Route route_of(ChannelSlot channel) const {
    return channel.value < routes_.size() ? routes_[channel.value] : Route{};
  }
  Route& route_at(ChannelSlot channel);
  bool is_mine(const Route& route) const { return route.owner == id_; }
  /// For readers. Errors: kNoChannel, kNotOwner.
  result<ChannelLog*> find(ChannelSlot channel) const;
  void receive(std::uint32_t from, std::unique_ptr<LineBatch> batch);
  void receive_record(ChannelSlot channel, const RecordView& record, LineBatch& batch);
  Duration delay_of(const ChannelLog& channel) const;
  void on_second();
  void ask_for_share();
  /// Counts a line in; when it is over the channel's rate the line is gone.
  bool is_over_rate(ChannelLog& channel);
  void write_dropped();
  void write_notice(ChannelSlot channel, std::uint64_t lines, WallTime since);

  Fabric& fabric_;
  const std::uint32_t id_;
  ShardLog log_;
  Outbox outbox_;
  ChannelRates rates_;
  std::vector<Route> routes_;
  Deadline<&FabricShard::on_second> second_;
  std::uint64_t evicted_before_ = 0;  // a second ago
  std::uint64_t unrouted_ = 0;
  std::uint64_t restored_ = 0;
  int holds_ = 0;
};

/// The channels of the process: one FabricShard per shard of the runtime. Made at start-up, before the shards run;
/// destroyed after they have stopped and every Subscription is gone, before the runtime.
class Fabric {
 public:
  Fabric(Runtime& runtime, const FabricSettings& settings, Duration ingress_max_delay, LogIdentity identity);
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
  /// Before the shards run: keeps every channel to this rate.
  void limit_lines(const LineRateLimit& limit);
  /// Before the shards run: shares the budget out by what each shard will hold at first.
  void expect(const std::vector<std::uint64_t>& bytes);

 private:
  friend class FabricShard;
  friend class Outbox;

  /// Empty batches on their way back; nobody is woken for them.
  Mailbox& returns(std::uint32_t from, std::uint32_t to) { return *returns_[from * shards_.size() + to]; }
  std::uint32_t most_batches_under_way() const;
  /// On shard 0: what each shard asks for; when all have asked, each gets its share.
  void on_demand(std::uint32_t from, ShareDemand demand);

  Runtime& runtime_;
  const FabricSettings settings_;
  const Duration ingress_max_delay_;
  const LogIdentity identity_;
  std::vector<std::unique_ptr<Mailbox>> returns_;
  std::vector<std::unique_ptr<FabricShard>> shards_;
  std::vector<ShareDemand> demands_;  // on shard 0
  std::vector<bool> asked_;
};

}  // namespace sluice
