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

/// What a drain's receiver has not confirmed: where it goes on in each channel, and losses that no L10 has told.
struct DrainOwed {
  std::vector<OwedPlace> places;
  std::uint64_t unreported = 0;
  WallTime unreported_since{};
  std::uint64_t lost = 0;  // lines that are not in memory any more
};

/// One drain on one shard: reads its channel (or all channels of the shard), encodes batches, sends them, and keeps the
/// account. It knows neither format nor protocol.
///
///     subscription --take--> frames_ [sent, unconfirmed | not sent yet] --confirmed--> delivered
///
/// A frame is gathered when enough lines wait or the oldest has waited for drains.flush_window. Frames stay in order;
/// when the connection breaks, all that are unconfirmed are sent again (at least once). Temporary failures are tried
/// again for ever, with exponential back-off; meanwhile lines wait in their channel, where the byte budget decides.
/// What was lost there, or refused by the receiver, is told in band by an L10 line before the next line. Frames count
/// against the byte budget; while they take much of it, one at a time is gathered.
///
/// A global drain that renders like others gets its frames from their ring while it keeps up, and gathers its own when
/// it does not: see FrameRing.
///
/// Lives on its shard, owned by DrainSet; await stopped() before destroying it.
class DrainRunner final : public OnShard, private Subscription, private FrameRing::Reader {
 public:
  DrainRunner(const DrainEnvironment& environment, FabricShard& fabric, FrameMemory& memory, const DrainEntry& entry);
  ~DrainRunner() override;

  /// Begins with the next line of the channel, or with what it was owed before a restart.
  void start(const DrainOwed& owed = {});
  /// The drain was changed, or only paused or resumed: other receiver, filter or format from the next frame on. Frames
  /// gathered before are sent to the new receiver; in its format, made again from the channels, when that is another.
  void change(const DrainEntry& entry);
  /// Gives up what is pending, in the next turns; counted as skipped.
  void skip_pending();
  /// Sends what there is, without waiting for batches; a failure now is the last. Ends in finished().
  void flush();
  /// Returns after flush() has ended, or after cancel(). The caller has a pin.
  Task<void> finished();
  /// Ends everything now.
  void cancel();
  /// For whoever uses the runner across a co_await: stopped() does not return while the hold exists.
  Gate::Hold pin() { return gate_.hold(); }
  /// Returns when no task runs and nobody has a pin: then it may be destroyed.
  Task<void> stopped() { return gate_.stopped(); }
  /// Returns when no task runs. The caller has a pin.
  Task<void> tasks_ended() { return gate_.tasks_ended(); }
  /// Once it has stopped.
  DrainOwed owed() const;

  Ledger ledger() const;
  /// Frames come from the ring that it shares with others.
  bool shares_frames() const { return following(); }
  const Drain& drain() const { return drain_; }
  std::uint64_t delivered() const { return delivered_; }
  /// The state alone costs less than the account.
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
  void give_up_frames() override;
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
  Task<void> run();
  Task<void> send_what_is_due();
  Task<void> pause_after_failure();
  bool may_send() const;
  bool batch_is_due() const;
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
  std::string written_for_;  // url's scheme and format of what is in frames_
  std::shared_ptr<FrameRing> ring_;
  std::uint64_t ring_filtered_ = 0;  // by the ring, before this drain followed it

  std::deque<Frame> frames_;  // oldest first; the first sent_ are under way
  std::size_t sent_ = 0;
  std::uint64_t held_bytes_ = 0;  // by the transport, of what it copied; charged
  std::uint64_t filtered_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t rejected_ = 0;
  std::uint64_t skipped_ = 0;
  std::uint64_t given_up_ = 0;   // with their frames, because memory was short
  std::uint64_t forgotten_ = 0;  // not held any more when their frames had to be written again
  std::uint64_t notices_ = 0;
  std::uint64_t gave_up_ = 0;     // of the filtered: a regular expression gave up on them
  std::uint64_t missing_ = 0;     // lines that were gone when their turn came, for which L10 is to be told
  std::uint64_t unreported_ = 0;  // lost lines that no L10 has reported yet
  WallTime unreported_since_{};
  SteadyTime tails_told_again_at_{};

  Health health_ = Health::kUntried;
  bool way_is_full_ = false;   // the transport could not take the frame, or not all of it
  bool broke_before_ = false;  // the connection broke, and nothing was delivered since
  bool waiting_ = false;       // the task waits for something to do
  SteadyTime progress_at_{};
  bool flushing_ = false;
  bool flush_failed_ = false;
  bool changed_ = false;
  bool skip_asked_ = false;
  bool found_no_place_ = false;  // among the shard's readers
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
