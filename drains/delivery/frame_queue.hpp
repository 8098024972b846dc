#pragma once

#include <cstdint>
#include <deque>

#include "drains/delivery/body_pool.hpp"
#include "drains/delivery/delivery_account.hpp"
#include "drains/delivery/frame_writer.hpp"
#include "logplex/channel/subscription.hpp"
#include "logplex/runtime/task_work.hpp"

namespace sluice::drains {

/// The frames of one drain that its receiver has not confirmed, oldest first:
///
///     [ sent ... | next  not sent yet ... ]        next() = the first that was not sent
///
/// Their memory counts against the byte budget, and the lines in them stay in their channels, so that they can be
/// encoded again and survive an orderly stop. While memory is short, a frame can be folded: it loses its bytes and is
/// encoded again before it is sent.
///
/// A send() of next() may be suspended while other code uses the queue. That frame stays where it is: until the send
/// ends, only sent frames are removed, only frames behind it are folded, and new ones come at the end.
///
/// Lives on its drain's shard. It has no bound of its own: ask has_room() before making a frame. Pool, lines, writer
/// and account must outlive it.
class FrameQueue final : public OnShard {
 public:
  /// `lines` reads the drain's channels.
  FrameQueue(Shard& shard, BodyPool& bodies, Subscription& lines, const FrameWriter& writer, DeliveryAccount& account)
      : OnShard(shard), bodies_(bodies), lines_(lines), writer_(writer), account_(account) {}
  FrameQueue(const FrameQueue&) = delete;
  FrameQueue& operator=(const FrameQueue&) = delete;
  ~FrameQueue();

  const std::deque<Frame>& frames() const { return frames_; }
  bool empty() const { return frames_.empty(); }
  std::size_t sent() const { return sent_; }
  bool all_sent() const { return sent_ == frames_.size(); }
  const Frame& next() const { return frames_[sent_]; }

  /// An empty frame with a buffer from the pool; add() it, or drop it.
  Frame begin_frame();
  void add(Frame frame);
  /// next() is under way.
  void note_sent();
  /// The connection broke: all frames must be sent again.
  void unsend() { sent_ = 0; }
  /// The receiver confirmed the first frames.
  void confirm(std::size_t frames);
  /// The receiver will never accept next(): drops it.
  void reject_next();
  /// Splits next() into two frames. False if it has only one message.
  bool split_next();
  /// Drops all frames; returns how many lines they had.
  std::uint64_t clear();

  /// Frees the bytes of all frames from the `first` on. Leave out the one whose bytes a connection may have in part.
  void fold(std::size_t first);
  /// Encodes next() again. Afterwards next() may be another frame, or none: memory may hold none of its lines any more.
  void write_next_again();
  /// Encodes all frames that have bytes again, after a change of format, in shares of work. Send nothing meanwhile.
  Task<void> write_all_again(TaskWork& work);
  /// Keeps the lines of all frames in their channels. The queue calls it when frames change; call it after taking lines
  /// that did not become a frame.
  void keep_lines();

  /// Whether memory allows another frame. `arrived`: how many frames have certainly reached the receiver's machine.
  bool has_room(std::size_t arrived) const;
  /// Charges the transport's copies to the byte budget; call it whenever they may have changed.
  void charge_copies(std::uint64_t held);

  /// When a frame was last sent or confirmed, or came into the empty queue.
  SteadyTime progress() const { return progress_at_; }
  /// True if a frame was sent or confirmed since the last call.
  bool take_progress() { return std::exchange(progressed_, false); }
  /// Adds the lines and bytes that wait here.
  void add_to(Ledger& ledger) const;

 private:
  void note_progress();
  Frame written_again(const Frame& frame);
  void write_again(std::size_t at);
  void charge(const Frame& frame) { bodies_.charge(static_cast<std::int64_t>(frame.memory())); }
  void discharge(const Frame& frame) { bodies_.charge(-static_cast<std::int64_t>(frame.memory())); }
  void pop_front();

  BodyPool& bodies_;
  Subscription& lines_;
  const FrameWriter& writer_;
  DeliveryAccount& account_;
  std::deque<Frame> frames_;
  std::size_t sent_ = 0;
  std::uint64_t held_bytes_ = 0;  // the transport's copies, as charged
  SteadyTime progress_at_{};
  bool progressed_ = false;
};

}  // namespace sluice::drains
