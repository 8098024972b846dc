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

/// The way of lines from this shard to the channels of the others: one open batch per receiver, sent when it is full,
/// or at the end of the turn while the receiver keeps up.
///
///     taken --> [ open ] --> sent: | batch | batch | ... --> receiver --> back
///
/// A receiver that has not looked at a few batches yet would see one more no sooner: then lines gather in the open one
/// until it is full or another has come back, so that a short turn does not use up a batch for a line or two. Batches
/// sent to such a receiver ask it for a mail, because nobody is woken for what comes back.
///
/// At most `most_under_way` batches to one receiver have not come back at any time: beyond so many bytes lines are
/// refused. They are counted by channel and reach the owner as gap records, before any later line, as soon as a batch
/// is free. Lives on its shard, inside FabricShard.
class Outbox final : public OnShard {
 public:
  Outbox(Fabric& fabric, Shard& shard, ShardLog& log, TurnHook& turn_end, std::uint32_t most_under_way);
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;
  ~Outbox();

  void append(std::uint32_t to, ChannelSlot channel, const LineView& line);
  void append_gap(std::uint32_t to, ChannelSlot channel, std::uint64_t lines, LossReason reason);
  /// Sends what was gathered, or keeps it a little longer. End of turn.
  void flush();
  /// Ends when the owners have everything that was appended before. False when the task was cancelled first.
  Task<bool> settled();

  /// Half of what may be under way to that shard is.
  bool full(std::uint32_t to);
  /// Bytes of lines as senders write them that surely fit when it is not.
  std::size_t portion() const { return most_under_way_ / 2 * (LineBatch::kUsualSize / kGrowth); }
  /// What the owner said about this channel, while it is news.
  Duration delay(std::uint32_t to, ChannelSlot channel);
  std::uint64_t refused() const { return refused_; }
  std::uint64_t batches_sent() const { return batches_sent_; }
  /// A batch that asked for it has come back.
  void on_batch_back() { shard().at_turn_end(turn_end_); }
  /// Lets go of batches that were not needed for a while.
  void shrink();

 private:
  /// A short line's record, with what a batch leaves unused at its end, takes so many times the bytes it came in.
  static constexpr std::size_t kGrowth = 4;

  struct Lane {
    std::unique_ptr<LineBatch> open;
    std::vector<std::unique_ptr<LineBatch>> spare;
    std::uint64_t taken = 0;                                   // batches begun
    std::uint64_t sent = 0;                                    // batches sent
    std::uint64_t back = 0;                                    // batches that came back
    std::uint64_t settled = 0;                                 // batches that the owner is known to have
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

  std::byte* room(std::uint32_t to, ChannelSlot channel, std::size_t record_size);
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
  std::vector<Lane> lanes_;   // by receiver; our own stays empty
  std::deque<Round> rounds_;  // the last one has not begun
  std::uint64_t first_round_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t batches_sent_ = 0;
};

}  // namespace sluice
