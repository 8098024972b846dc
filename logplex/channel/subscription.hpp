#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "logplex/base/error.hpp"
#include "logplex/base/result.hpp"
#include "logplex/channel/cursor.hpp"
#include "logplex/channel/global_places.hpp"
#include "logplex/channel/losses.hpp"
#include "logplex/channel/segment_pool.hpp"
#include "logplex/wire/record.hpp"

namespace sluice {

enum class FabricError {
  kNoChannel = 1,  // the channel is not open: look up its slot again
  kNotOwner,       // another shard owns the channel: ask that shard
  kTooManyGlobal,  // this shard already has 64 global readers
};
const char* to_text(FabricError error);
SLUICE_ERROR_ENUM(FabricError, "fabric", to_text)

class FabricShard;
class ShardLog;
struct ChannelLog;

/// Receives the lines that take() visits.
class LineVisitor {
 public:
  /// Return false to stop: this line is not taken and comes again. `line` is valid during the call only.
  virtual bool on_line(ChannelSlot channel, Seq seq, const RecordView& line) = 0;
  /// Reports lines that were lost between the lines visited before and those that follow.
  virtual void on_loss(const Losses& losses) = 0;

 protected:
  ~LineVisitor() = default;
};

/// Whether untaken lines are kept for a reader: a drain has them kept, within the byte budget; a tail does not.
enum class Retention : bool { kNothing, kUntaken };

struct TakeBound {
  std::uint64_t lines = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t bytes = std::numeric_limits<std::uint64_t>::max();  // of records; at least one line is taken
};

/// Sequence numbers of one channel, from `next` to before `end`, that a reader has not taken.
struct Untaken {
  ChannelSlot channel;
  Seq next = 0;
  Seq end = 0;
};

/// A reader's position in one channel, or in all channels of this shard (a global reader: lines are in order within
/// each channel). take() visits lines in place; a reader owns none. At every moment
///
///     offered() = taken() + lost().total() + pending_lines()
///
/// Lives on the shard that owns its channel, owned by the drain or tail that reads; detaches when destroyed. A slow
/// reader delays nobody. Lines evicted before it took them are counted in lost(), by reason, and reported to the
/// visitor before the next line. A shard has room for 64 global readers.
///
/// Global readers that want the same lines can let one of them read for all: the others follow() it, keep their own
/// counts, and part() when they can no longer keep up.
class Subscription {
 public:
  Subscription(FabricShard& fabric, Retention retention);
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  virtual ~Subscription();

  /// Begins to read at the end of the channel: only lines appended from now on are offered. Errors: kNotOwner (another
  /// shard owns the channel), kNoChannel (not open).
  result<void> attach(ChannelSlot channel);
  /// Begins to read all channels of this shard at their ends, also channels opened later. Errors: kTooManyGlobal.
  result<void> attach_all();
  void detach();
  bool attached() const { return mode_ != Mode::kDetached; }

  /// Moves the reader to `next` and resets its counts. Lines that the channel has had but no longer holds count as
  /// lost, with reason `gone`; a number after the end means the end. Not for global readers.
  void seek(Seq next, LossReason gone = LossReason::kRetention);
  /// For a global reader that has taken all of a channel: offers it the channel's lines from `next` on again. Lines no
  /// longer held count as lost with reason kMemoryBudget. on_news() is not called for these lines.
  void offer_from(ChannelSlot channel, Seq next);
  /// Keeps lines received at or after `since` even though they were already taken, as far as the byte budget allows,
  /// for a reader that may need them again, such as a drain until its receiver confirms them. kNothing: keeps none.
  static constexpr WallTime kNothing = WallTime::max();
  void keep_since(WallTime since);
  /// The untaken numbers of each channel that has lines for this reader. Empty while following.
  std::vector<Untaken> untaken() const;
  /// The number of the first line of the channel's history that is still held; end() when there is none. Not for global
  /// readers.
  Seq history_start() const;

  /// Visits lines in order until the visitor stops, the bound is reached or nothing is left; returns how many it took.
  /// The visitor must not append, attach or detach. Afterwards on_news() can be called again.
  std::uint64_t take(LineVisitor& visitor, TakeBound bound = {});
  /// Visits taken lines once more, `first` to `last`, if they are still held. Returns how many on_line() accepted;
  /// false from on_line() does not stop it. Changes no count and no position.
  std::uint64_t visit_again(ChannelSlot channel, Seq first, Seq last, LineVisitor& visitor) const;
  /// From on_line() only: keeps the bytes of the current line alive, for a gather write of a long line.
  SegmentRef hold() const;

  std::uint64_t offered() const;
  std::uint64_t taken() const;
  /// Lines lost since attach() or seek(), whether already reported to the visitor or not.
  Losses lost() const;
  /// The part of lost() that the visitor has not been told of yet. Not while following.
  const Losses& unreported() const { return unreported_; }
  std::uint64_t pending_lines() const;
  std::uint64_t pending_bytes() const;
  bool has_pending() const { return pending_lines() != 0; }
  /// Whether take() has a line to visit now. Everything pending is in memory today; a reader that loops asks this,
  /// since later some of it may have to be fetched first.
  bool has_ready() const { return has_pending(); }
  /// When the oldest untaken line was received. A global reader looks only at the first 256 channels in its queue.
  std::optional<WallTime> oldest_pending() const;

  /// Both are global readers. From now on this one shares the position of `leader`: lines that the leader takes or
  /// loses count as taken or lost here too, and on_news() is not called. Returns false and changes nothing while either
  /// has lines to take or losses to report. The leader must stay attached until part() or detach().
  bool follow(const Subscription& leader);
  /// Reads by itself again, from the leader's position. Losses not yet reported to the leader are reported here too.
  void part();
  bool following() const { return mode_ == Mode::kFollowing; }

  /// The next number wanted; not for global readers.
  Seq position() const;
  /// The number that the channel's next line will have; not for global readers.
  Seq end() const;
  /// position() in a form that clients can keep.
  Cursor cursor() const;

 protected:
  /// Called at the end of a turn that appended lines, and not again before the next take(). May take, seek and detach.
  virtual void on_news() = 0;
  /// Called at the end of a turn in which the channel was closed. The subscription is already detached.
  virtual void on_closed() {}

 private:
  friend class ShardLog;
  enum class Mode : std::uint8_t { kDetached, kChannel, kAll, kFollowing };
  enum class WalkEnd : std::uint8_t { kNothingLeft, kStopped, kEnough };
  struct Walk;
  /// The leader, and its counts when this reader began to follow.
  struct Lead;

  WalkEnd walk(ChannelLog& channel, Place& place, Walk& walk);
  WalkEnd walk_segment(ChannelLog& channel, Place& place, Walk& walk);
  void take_channel(Walk& walk);
  void take_all(Walk& walk);
  void tell_losses(LineVisitor& visitor);
  void pass_gap(const ChannelLog& channel, Place& place, const RecordView& gap);
  /// The segment is evicted: moves the place out of it and counts the untaken lines as lost.
  void leave(const ChannelLog& channel, Place& place, const Segment& gone, LossReason reason);
  void lose(LossReason reason, std::uint64_t lines, const ChannelLog& channel, Seq first, WallTime when);
  Place find(ChannelLog& channel, Seq seq);
  void begin_counting(Seq from_seq);
  /// Asks the log for on_news() at the next line.
  void listen();
  void detach_channel();
  void detach_all();
  void leave_globals();
  void forget_news();
  void copy_news(const Subscription& leader);
  bool at_rest() const { return pending_lines() == 0 && told_lines_ == lost_lines_; }
  std::uint64_t lost_lines() const;
  std::uint64_t bit() const { return std::uint64_t{1} << global_; }

  FabricShard& fabric_;
  ShardLog& log_;
  const Retention retention_;
  Mode mode_ = Mode::kDetached;
  bool told_ = false;    // on_news() is due or was called, with no take() since
  bool due_ = false;     // in the log's list of readers to notify at the end of the turn
  bool closed_ = false;  // on_closed() is due
  std::uint8_t global_ = 0;
  ChannelLog* channel_ = nullptr;
  Place place_;
  std::unique_ptr<Lead> lead_;    // when following
  Subscription* next_ = nullptr;  // other readers of the channel
  Subscription* prev_ = nullptr;
  NewsList news_;  // channels with lines for it, when global
  Segment* visiting_ = nullptr;
  WallTime kept_since_ = kNothing;
  SteadyTime progress_{};  // when it last took a line or had no line to take

  std::uint64_t from_lines_ = 0;  // where counting began: a sequence number, or lines appended to the shard
  std::uint64_t from_bytes_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t taken_bytes_ = 0;
  std::uint64_t lost_lines_ = 0;
  std::uint64_t lost_bytes_ = 0;
  std::uint64_t told_lines_ = 0;  // part of lost_lines_ that the visitor was told of
  Losses lost_;
  Losses unreported_;
};

}  // namespace sluice
