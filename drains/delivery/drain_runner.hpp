#pragma once

#include <string>

#include "drains/delivery/delivery_account.hpp"
#include "drains/delivery/drain_cursor.hpp"
#include "drains/delivery/drain_owed.hpp"
#include "drains/delivery/frame_memory.hpp"
#include "drains/delivery/frame_queue.hpp"
#include "drains/delivery/frame_sender.hpp"
#include "drains/delivery/frame_writer.hpp"
#include "drains/delivery/ring_seat.hpp"
#include "drains/kinds/drain_environment.hpp"
#include "logplex/model/snapshot.hpp"
#include "logplex/runtime/gate.hpp"
#include "logplex/runtime/task_work.hpp"

namespace sluice::drains {

/// One drain on one shard: reads its channel (or all channels of the shard), encodes batches, sends them, and keeps the
/// counts. It depends on no format and no protocol. Its parts do the work, and its task decides which one is next:
///
///     DrainCursor --gather--> FrameQueue [sent | not sent yet] --FrameSender--> Transport
///     RingSeat ----frames---/                       all of them --> DeliveryAccount
///
/// The runner gathers a frame when enough lines wait or the oldest has waited for drains.flush_window. Frames stay in
/// order; when the connection breaks, all unconfirmed frames are sent again (at least once). Temporary failures are
/// retried for ever, with exponential back-off; meanwhile lines wait in their channel, which may evict them under the
/// byte budget. An L10 line before the next line reports lines that were lost there or refused by the receiver. Frames
/// count against the byte budget; while frames take much of it, the runner gathers one at a time, and frees the bytes
/// of its frames when sending fails: it encodes them again for the next attempt.
///
/// A global drain that renders like others gets its frames from a ring while it keeps up, and gathers its own when it
/// does not: see FrameRing.
///
/// Lives on its shard, owned by DrainSet; await stopped() before destroying it.
class DrainRunner final : public OnShard, private RingSeat::Owner {
 public:
  DrainRunner(const DrainEnvironment& environment, FabricShard& fabric, FrameMemory& memory, const DrainEntry& entry);
  virtual ~DrainRunner();

  /// Starts at the next line of the channel, or at what the drain was owed before a restart.
  void start(const DrainOwed& owed = {});
  /// Applies a change of the drain, including pause and resume: the new receiver, filter or format counts from the next
  /// frame on. Frames gathered before go to the new receiver; if its format differs, they are encoded again from the
  /// lines in the channels.
  void change(const DrainEntry& entry);
  /// Drops all pending lines, in the next turns, and counts them as skipped.
  void skip_pending();
  /// Sends everything without waiting for full batches, and stops at the first failure. finished() returns when it is
  /// done.
  void flush();
  /// Returns after flush() has ended, or after cancel(). The caller must hold a pin.
  Task<void> finished();
  /// Stops at once.
  void cancel();
  /// Keeps the runner alive across a co_await: stopped() does not return while the hold exists.
  Gate::Hold pin() { return gate_.hold(); }
  /// Returns when no task runs and nobody holds a pin: then the runner may be destroyed.
  Task<void> stopped() { return gate_.stopped(); }
  /// Returns when no task runs. The caller must hold a pin.
  Task<void> tasks_ended() { return gate_.tasks_ended(); }
  /// What the drain is owed; call it once the runner has stopped.
  DrainOwed owed() const { return owed_to(entry_.drain.global(), frames_, cursor_, account_, fabric_); }

  Ledger ledger() const;
  /// True while the drain gets its frames from a ring that it shares with others.
  bool shares_frames() const { return seat_.following(); }
  const Drain& drain() const { return entry_.drain; }
  /// Cheaper than ledger().
  DrainState state() const { return account_.state(entry_.drain.paused); }
  std::uint64_t lines_given_up() const { return account_.lines_given_up(); }

 private:
  using Progress = FrameSender::Progress;
  /// What the task does: while it sleeps, others may send for it.
  enum class Activity : std::uint8_t { kWorking, kSleeping };
  /// What the task has to do before it sends again. These are marks, because a frame may be under way.
  struct Asked {
    bool change = false;
    bool skip = false;
    bool any() const { return change || skip; }
  };
  enum class Flush : std::uint8_t { kNo, kFlushing, kFailed };
  /// The next thing to do while lines should be sent.
  enum class Step : std::uint8_t {
    kSend,          // the queue's next frame is ready
    kSplit,         // it is too large for this receiver
    kBackOff,       // the last attempt failed
    kWaitForShare,  // the filter has used up this turn's work
    kYield,         // the filter left out all lines of this turn; more lines wait
    kRest,          // nothing can or need be sent now
  };

  bool send_at_once() override;
  void configure();
  void attach();
  void join_ring();
  Task<void> run();
  Task<Progress> send_what_is_due();
  Step next_step(Progress last);
  bool may_send() const;
  bool batch_is_due() const { return cursor_.is_due() && frames_.has_room(sender_.arrived()); }
  Task<void> back_off();
  Task<void> reconfigure();
  Task<void> drop_pending();
  bool is_flushed() const;

  const DrainEnvironment& environment_;
  FabricShard& fabric_;
  FrameMemory& memory_;
  DrainEntry entry_;
  std::string written_for_;  // the url's scheme and format that frames_ were encoded for
  Event wake_;
  Event finished_;
  DeliveryAccount account_;
  FrameWriter writer_;
  DrainCursor cursor_;
  FrameQueue frames_;
  FrameSender sender_;
  RingSeat seat_;
  Activity activity_ = Activity::kWorking;
  Asked asked_;
  Flush flush_ = Flush::kNo;
  bool found_no_place_ = false;  // the shard has no place for another reader
  TaskWork work_;
  Gate gate_;
};

}  // namespace sluice::drains
