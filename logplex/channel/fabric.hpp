#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "logplex/base/error.hpp"
#include "logplex/base/settings.hpp"
#include "logplex/base/units.hpp"
#include "logplex/channel/log_identity.hpp"
#include "logplex/channel/outlet.hpp"
#include "logplex/channel/reader.hpp"
#include "logplex/runtime/runtime.hpp"
#include "logplex/runtime/task.hpp"

namespace sluice {

class MetricsPage;

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
  std::uint64_t lines_appended = 0;  // gaps' lines included
  std::uint64_t lines_refused = 0;   // found no room on their way to another shard
  std::uint64_t lines_unrouted = 0;  // for a channel that is closed or unknown
  Losses lines_evicted;              // left memory; somebody may have read them before
};

/// One shard's part of the fabric: the log of every channel that this shard owns, and the way to the others.
///
/// Lives on its shard, owned by Fabric. append() never waits: a line for another shard goes with its turn's batch; when
/// too many batches are under way the line is counted and its owner writes a gap record. When the byte budget is used
/// up, the largest channels give up their oldest segments, lines that only a standing reader waits for first.
class FabricShard final : public LineOutlet, public OnShard {
 public:
  FabricShard(class Fabric& fabric, Shard& shard);
  ~FabricShard() override;

  /// Begins to share the budget with the other shards, each second.
  void start();

  void append(ChannelSlot channel, const LineView& line) override;
  /// Lines refused (see LineOutlet) for this slot or not routed: what they are of. For a quota: `lines` numbers are
  /// consumed and readers are told the reason.
  void append_gap(ChannelSlot channel, std::uint64_t lines, LossReason reason);
  /// Ends when everything appended on this shard before is with its owners, so that a read afterwards sees it.
  Task<result<void>> settled();
  /// How many lines append() had to refuse so far: a caller who must say so compares before and after.
  std::uint64_t lines_refused() const;

  /// Configuration changes, on every shard; both idempotent. Closing ends the channel's own subscriptions; global
  /// readers still get what they have not taken.
  void open_channel(ChannelSlot channel, std::string_view id);
  void close_channel(ChannelSlot channel);
  bool is_open(ChannelSlot channel) const;
  /// The shard that owns the channel; only for open ones.
  std::uint32_t owner_of(ChannelSlot channel) const;

  /// How long ingress should pause before it reads more for a congested channel: 0 below 75 % of the budget, rising to
  /// ingress.max_delay.
  Duration ingress_delay(ChannelSlot channel) const;
  /// Whether the channel is among the largest while memory is short and a reader that makes progress still needs it.
  bool congested(ChannelSlot channel) const { return ingress_delay(channel) > Duration{0}; }
  /// Half of what may be under way to that shard is: read less until it is not.
  bool outbox_full(std::uint32_t to) const;
  bool outbox_full() const;

  FabricGauges gauges() const;
  void add_metrics(MetricsPage& page) const;
  const LogIdentity& identity() const;

 private:
  friend class Subscription;
  friend class Fabric;
  struct Parts;

  std::unique_ptr<Parts> parts_;
};

/// The channels of the process: one FabricShard per shard of the runtime. Made at start-up, before the shards run;
/// destroyed after they have stopped, and after every Subscription.
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

 private:
  Runtime& runtime_;
  const FabricSettings settings_;
  const Duration ingress_max_delay_;
  const LogIdentity identity_;
  std::vector<std::unique_ptr<FabricShard>> shards_;
};

}  // namespace sluice
