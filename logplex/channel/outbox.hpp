#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "logplex/channel/line_batch.hpp"
#include "logplex/runtime/event.hpp"
#include "logplex/runtime/shard.hpp"

namespace sluice {

class Fabric;
class ShardLog;

/// Sends lines from this shard to channels that other shards own: one open batch per receiving shard. It sends a batch
/// when the batch is full or, while the receiver keeps up, at the end of the turn.
///
///     taken --> [ open ] --> sent: | batch | batch | ... --> receiver --> back
///
/// If the receiver already has unread batches, sending another gains nothing. Lines then accumulate in the open batch
/// until it is full or another batch has come back, so short turns do not waste batches. A batch sent to such a
/// receiver asks for a mail, because a returned batch wakes nobody.
///
/// At most `most_under_way` batches to one receiver are outstanding. When all are full, append() drops lines and counts
/// them by channel. As soon as a batch is free, the owner gets these counts as gap records, before any later line.
/// Lives on its shard, inside FabricShard.
class Outbox final : public OnShard {
 public:
  Outbox(Fabric& fabric, Shard& shard, ShardLog& log, TurnHook& turn_end, std::uint32_t most_under_way);
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;
  ~Outbox();

  void append(std::uint32_t to, ChannelSlot channel, SenderId sender, const LineView& line);
  void append_gap(std::uint32_t to, ChannelSlot channel, std::uint64_t lines, LossReason reason);
  /// At the end of a turn: sends the open batches, except to receivers that do not keep up.
  void flush();
  /// Waits until the owners have everything appended so far. False when the task was cancelled first.
  Task<bool> settled();

  /// Half of the batches that may be under way to that shard are.
  bool full(std::uint32_t to);
  /// While full() is false, at least so many bytes of lines, as senders write them, fit.
  std::size_t portion() const { return most_under_way_ / 2 * (LineBatch::kUsualSize / kGrowth); }
  /// The pause that the owner last asked for on this channel, until it has passed; at least 1 ms while full().
  Duration delay(std::uint32_t to, ChannelSlot channel);
  std::uint64_t refused() const { return refused_; }
  std::uint64_t batches_sent() const { return batches_sent_; }
  /// The owner's mail: a batch has come back.
  void on_batch_back() { shard().at_turn_end(turn_end_); }
  /// Frees one spare batch per receiver, if there is one. Called each second.
  void shrink();

 private:
  /// Worst ratio of record size to line size: short lines grow, and a batch leaves some bytes unused at its end.
  static constexpr std::size_t kGrowth = 4;

  struct Lane {
    std::unique_ptr<LineBatch> open;
    std::vector<std::unique_ptr<LineBatch>> spare;
    std::uint64_t taken = 0;                                   // batches begun
    std::uint64_t sent = 0;                                    // batches sent
    std::uint64_t back = 0;                                    // batches that came back
    std::uint64_t settled = 0;                                 // batches that the owner has confirmed
    std::unordered_map<std::uint64_t, std::uint64_t> refused;  // slot and reason -> lines
    Duration delay{};
    SteadyTime delay_until{};
    std::vector<ChannelSlot> pressing;

    std::uint64_t under_way() const { return taken - back; }
    std::uint64_t on_the_way() const { return sent - back; }
  };
  struct Round {
    std::uint32_t missing = 0;
    std::vector<Event*> waiters;
  };
  struct Waiter;

  std::byte* room(std::uint32_t to, ChannelSlot channel, SenderId sender, std::size_t record_size);
  bool begin_batch(std::uint32_t to, std::size_t record_size);
  bool write_refused(Lane& lane);
  void send_open(std::uint32_t to);
  void collect(std::uint32_t to);
  void flush_lane(std::uint32_t to, bool all);
  void note_pressure(Lane& lane, const LineBatch& batch);
  bool may_begin_round() const;
  void begin_round();
  void send_mark(std::uint32_t to, std::uint64_t round);
  void on_mark_back(std::uint32_t from, std::uint64_t batches, std::uint64_t round);
  void end_rounds();
  bool unsettled() const;

  Fabric& fabric_;
  ShardLog& log_;
  TurnHook& turn_end_;
  const std::uint32_t most_under_way_;
  const std::uint32_t most_to_keep_up_;
  std::vector<Lane> lanes_;   // by receiver; the one of this shard stays empty
  std::deque<Round> rounds_;  // the last one has not begun
  std::uint64_t first_round_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t batches_sent_ = 0;
};

}  // namespace sluice
