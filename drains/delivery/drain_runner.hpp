#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "drains/delivery/batch_limit.hpp"
#include "drains/delivery/body_pool.hpp"
#include "drains/delivery/frame_ring.hpp"
#include "drains/kinds/drain_environment.hpp"
#include "drains/kinds/encoder.hpp"
#include "drains/kinds/frame.hpp"
#include "drains/kinds/ledger.hpp"
#include "drains/kinds/transport.hpp"
#include "logplex/base/backoff.hpp"
#include "logplex/channel/owed_lines.hpp"
#include "logplex/model/snapshot.hpp"
#include "logplex/runtime/gate.hpp"
#include "logplex/runtime/task_work.hpp"
#include "logplex/wire/filter.hpp"

namespace sluice::drains {

/// What a drain is owed after a stop: where it continues in each channel, and losses that no L10 line has reported yet.
struct DrainOwed {
  std::vector<OwedPlace> places;
  std::uint64_t unreported = 0;
  WallTime unreported_since{};
  std::uint64_t lost = 0;  // lines that memory no longer holds
};

/// One drain on one shard: reads its channel (or all channels of the shard), encodes batches, sends them, and keeps the
/// counts. It depends on no format and no protocol.
///
///     subscription --take--> frames_ [sent, unconfirmed | not sent yet] --confirmed--> delivered
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
class DrainRunner final : public OnShard, private Subscription, private FrameRing::Reader {
 public:
  DrainRunner(const DrainEnvironment& environment, FabricShard& fabric, FrameMemory& memory, const DrainEntry& entry);
  ~DrainRunner() override;

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
  DrainOwed owed() const;

  Ledger ledger() const;
  /// True while the drain gets its frames from a ring that it shares with others.
  bool shares_frames() const { return following(); }
  const Drain& drain() const { return drain_; }
  std::uint64_t delivered() const { return delivered_; }
  /// Cheaper than ledger().
  DrainState state() const;
  std::uint64_t lines_given_up() const { return gave_up_; }

 private:
  class Gatherer;
  class Rewriter;
  enum class Health : std::uint8_t { kUntried, kWell, kFailing, kDisabled };

  void on_news() override;
  void on_closed() override {}
  void on_flush_time();

  // FrameRing::Reader
  void on_frame(const FrameRing::Shared& shared) override;
  void on_ring_loss(std::uint64_t lines, WallTime since) override;
  void on_all_read() override { wake_.set(); }
  void on_fallen_out() override;
  void fold_frames() override { fold_frames_from(sent_ + 1); }
  std::size_t frames_behind() const override { return frames_.size() - (transport_ ? transport_->arrived() : 0); }
  std::size_t frames_held() const override { return frames_.size(); }
  SteadyTime progress() const override { return progress_at_; }
  Subscription& subscription() override { return *this; }

  bool may_share() const;
  void join_ring();
  void leave_ring();
  bool send_at_once();
  void note_progress();
  void go_on(const DrainOwed& owed);
  void configure();
  Task<void> reconfigure();
  Task<void> drop_pending();
  void disable(const Error& error);
  void try_to_attach();
  Task<void> write_frames_again();
  Frame written_again(const Frame& frame);
  void write_again(std::size_t at);
  void set_id_again(Frame& again, const Frame& frame);
  void fold_frames_from(std::size_t first);
  Task<void> run();
  Task<void> send_what_is_due();
  Task<void> pause_after_failure();
  bool may_send() const;
  bool batch_is_due() const;
  bool has_room_for_frame() const { return memory_.bodies.has_room(health_ == Health::kFailing); }
  bool must_wait_for_share() const;
  Frame* next_frame();
  bool gather();
  void keep(Frame frame);
  void keep_records();
  void drop_memory_of(const Frame& frame);
  void pop_front();
  void clear_frames();
  void report_later(std::uint64_t lines, WallTime since);
  void append_notice(Frame& frame);
  void apply(const SendReport& report);
  void on_delivered(std::size_t frames);
  void on_broken(const SendReport& report);
  void tell_tails(std::string_view error);
  void note_refused(const Refused& refused);
  void note_trouble();
  void charge_copies();
  void reject_front();
  void split_unsent();
  void make_smaller();
  std::size_t target_bytes() const;
  bool take_confirmed();
  bool drained() const { return frames_.empty() && !has_pending() && lines_in_ring() == 0; }
  std::uint64_t lines_in_ring() const { return following() ? ring_->open().lines : 0; }
  std::uint64_t lines_in_frames() const;
  std::optional<WallTime> when_oldest() const;
  std::uint64_t lines_under_way() const;
  std::uint64_t found_missing_again() const;

  const DrainEnvironment& environment_;
  FabricShard& fabric_;
  FrameMemory& memory_;
  const std::uint64_t log_id_;
  Drain drain_;
  std::uint64_t changed_at_;
  ChannelSlot channel_;
  std::unique_ptr<Encoder> encoder_;
  std::unique_ptr<Transport> transport_;
  std::optional<Filter> filter_;
  std::string written_for_;  // the url's scheme and format that frames_ were encoded for
  std::shared_ptr<FrameRing> ring_;
  std::uint64_t ring_filtered_ = 0;  // lines that the ring had left out when this drain joined

  std::deque<Frame> frames_;  // oldest first; the first sent_ are under way
  std::size_t sent_ = 0;
  std::uint64_t held_bytes_ = 0;  // the transport's copies, as charged to the budget
  std::uint64_t filtered_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t rejected_ = 0;
  std::uint64_t skipped_ = 0;
  std::uint64_t given_up_ = 0;   // evicted while memory was short and their frames had no bytes
  std::uint64_t forgotten_ = 0;  // no longer in memory when their frames were encoded in another format
  std::uint64_t notices_ = 0;
  std::uint64_t gave_up_ = 0;     // part of filtered_: a regular expression gave up on them
  std::uint64_t missing_ = 0;     // lines that were evicted before the drain took them; L10 reports them
  std::uint64_t unreported_ = 0;  // lost lines that no L10 has reported yet
  WallTime unreported_since_{};
  SteadyTime tails_told_again_at_{};

  Health health_ = Health::kUntried;
  bool way_is_full_ = false;   // the transport could not take all of the frame
  bool broke_before_ = false;  // the connection broke; nothing was delivered since
  bool waiting_ = false;       // the task sleeps on wake_
  SteadyTime progress_at_{};
  bool flushing_ = false;
  bool flush_failed_ = false;
  bool changed_ = false;
  bool skip_asked_ = false;
  bool found_no_place_ = false;  // the shard has no place for another reader
  std::string last_error_;
  ErrorCounts errors_;
  std::optional<WallTime> last_success_;
  std::optional<Duration> latency_;
  WallTime since_{};
  Duration asked_pause_{};
  BatchLimit batch_limit_;

  Backoff backoff_;
  Event wake_;
  Event finished_;
  Deadline<&DrainRunner::on_flush_time> flush_time_;
  bool flush_due_ = false;
  TaskWork work_;
  Gate gate_;
};

}  // namespace sluice::drains
