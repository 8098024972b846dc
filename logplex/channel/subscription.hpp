#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "logplex/base/result.hpp"
#include "logplex/channel/cursor.hpp"
#include "logplex/channel/global_places.hpp"
#include "logplex/channel/losses.hpp"
#include "logplex/channel/segment_pool.hpp"
#include "logplex/wire/record.hpp"

namespace sluice {

class FabricShard;
class ShardLog;
struct ChannelLog;

/// What take() hands lines to.
class LineVisitor {
 public:
  /// False stops: this line is not taken and comes again. `line` is valid during the call only.
  virtual bool on_line(ChannelSlot channel, Seq seq, const RecordView& line) = 0;
  /// Lines that were lost between what was visited before and what follows.
  virtual void on_loss(const Losses& losses) = 0;

 protected:
  ~LineVisitor() = default;
};

/// Whether a reader keeps what it has not taken: a drain does, within the byte budget; a tail does not.
enum class Retention : bool { kNothing, kUntaken };

struct TakeBound {
  std::uint64_t lines = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t bytes = std::numeric_limits<std::uint64_t>::max();  // of records; at least one line is taken
};

/// Numbers of one channel, from `next` to before `end`, that a reader has not taken.
struct Untaken {
  ChannelSlot channel;
  Seq next = 0;
  Seq end = 0;
};

/// A reader's position in one channel, or in all channels of this shard (global: order holds within each channel).
/// Lines are visited where they lie; a reader owns none. At every moment
///
///     offered() = taken() + lost().total() + pending_lines()
///
/// Lives on the shard that owns its channel, owned by the drain or tail that reads; detaches when destroyed. A slow
/// reader holds nobody up: lines evicted before it took them are counted in lost(), by reason, and told to the visitor
/// before the next line. A shard has room for 64 global readers.
///
/// Global readers that want the same can have one of them read for all: the others follow() it, keep their own counts,
/// and part() when they can no longer keep up.
class Subscription {
 public:
  Subscription(FabricShard& fabric, Retention retention);
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  virtual ~Subscription();

  /// Begins to read at the end of the channel: lines appended from now on are offered. Errors: kNotOwner (this shard
  /// does not own it), kNoChannel (not open).
  result<void> attach(ChannelSlot channel);
  /// Begins to read all channels of this shard, also those opened later. Errors: kTooManyGlobal.
  result<void> attach_all();
  void detach();
  bool attached() const { return mode_ != Mode::kDetached; }

  /// Moves a channel's reader; what it counts begins anew. Lines that this channel has had but no longer holds count as
  /// lost, for the reason given; a number after the end is taken for the end. Not for global readers.
  void seek(Seq next, LossReason gone = LossReason::kRetention);
  /// For a global reader that stands at the end of a channel: it is offered the channel's lines from `next` on as well.
  /// What is no longer held of them counts as lost for want of memory. on_news() does not come for them.
  void offer_from(ChannelSlot channel, Seq next);
  /// Who may have to read again what it has taken, such as a drain until its receiver confirms: lines received at or
  /// after this time stay as if they were not taken, as far as the byte budget allows. kNothing: none of them.
  static constexpr WallTime kNothing = WallTime::max();
  void keep_since(WallTime since);
  /// Where it stands in each channel that has something for it. Nothing while following.
  std::vector<Untaken> untaken() const;
  /// The number of the first line of the channel's history that is held; end() when it has none. Not for global
  /// readers.
  Seq history_start() const;

  /// Visits lines in order until the visitor stops, the bound is reached or nothing is left; returns how many it took.
  /// The visitor must not append, attach or detach. Makes on_news() possible again.
  std::uint64_t take(LineVisitor& visitor, TakeBound bound = {});
  /// Visits lines that were taken before, once more, and returns how many of them are still held. Changes nothing.
  std::uint64_t visit_again(ChannelSlot channel, Seq first, Seq last, LineVisitor& visitor) const;
  /// From on_line() only: keeps the bytes of the line being visited, for a gather write of a long one.
  SegmentRef hold() const;

  std::uint64_t offered() const;
  std::uint64_t taken() const;
  /// Since attach() or seek(), told to the visitor or not yet.
  Losses lost() const;
  /// Of those, what the visitor was not told. Not while following.
  const Losses& unreported() const { return unreported_; }
  std::uint64_t pending_lines() const;
  std::uint64_t pending_bytes() const;
  bool has_pending() const { return pending_lines() != 0; }
  /// When the oldest line not taken was received; among very many channels, of those that have waited longest.
  std::optional<WallTime> oldest_pending() const;

  /// A global reader stands from now on wherever `leader`, another one, stands: what that one takes or loses counts as
  /// taken or lost here, and on_news() does not come. False, and nothing has changed, while either of the two has lines
  /// to take or losses to be told. The leader stays attached until part() or detach().
  bool follow(const Subscription& leader);
  /// Reads by itself again, from where its leader stands. What the leader was not told is told here too.
  void part();
  bool following() const { return mode_ == Mode::kFollowing; }

  /// The next number wanted; not for global readers.
  Seq position() const;
  /// The number that the channel's next line will have; not for global readers.
  Seq end() const;
  /// position() for others to keep.
  Cursor cursor() const;

 protected:
  /// At the end of a turn that appended lines; then not again before take() was called. May take, seek and detach.
  virtual void on_news() = 0;
  /// The channel was closed; the subscription is detached already. At the end of a turn.
  virtual void on_closed() {}

 private:
  friend class ShardLog;
  enum class Mode : std::uint8_t { kDetached, kChannel, kAll, kFollowing };
  enum class WalkEnd : std::uint8_t { kNothingLeft, kStopped, kEnough };
  struct Walk;
  /// A leader, and what it had counted when this reader began to follow.
  struct Lead;

  WalkEnd walk(ChannelLog& channel, Place& place, Walk& walk);
  WalkEnd walk_segment(ChannelLog& channel, Place& place, Walk& walk);
  void take_channel(Walk& walk);
  void take_all(Walk& walk);
  void tell_losses(LineVisitor& visitor);
  void pass_gap(const ChannelLog& channel, Place& place, const RecordView& gap);
  /// The segment is given up: moves the place out of it and counts what it had not taken.
  void leave(const ChannelLog& channel, Place& place, const Segment& gone, LossReason reason);
  void lose(LossReason reason, std::uint64_t lines, const ChannelLog& channel, Seq first, WallTime when);
  Place find(ChannelLog& channel, Seq seq);
  void begin_counting(Seq from_seq);
  /// Wants to be told of the next line again.
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
  bool told_ = false;    // on_news() is due or was called, and nothing was taken since
  bool due_ = false;     // in the log's list of whom to tell at the end of the turn
  bool closed_ = false;  // on_closed() is due
  std::uint8_t global_ = 0;
  ChannelLog* channel_ = nullptr;
  Place place_;
  std::unique_ptr<Lead> lead_;    // when following
  Subscription* next_ = nullptr;  // other readers of the channel
  Subscription* prev_ = nullptr;
  NewsList news_;  // channels, when global
  Segment* visiting_ = nullptr;
  WallTime kept_since_ = kNothing;
  SteadyTime progress_{};  // when it last took a line, or had none to take

  std::uint64_t from_lines_ = 0;  // where counting began: a number, or lines of the shard
  std::uint64_t from_bytes_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t taken_bytes_ = 0;
  std::uint64_t lost_lines_ = 0;
  std::uint64_t lost_bytes_ = 0;
  std::uint64_t told_lines_ = 0;  // of the lost ones
  Losses lost_;
  Losses unreported_;
};

}  // namespace sluice
