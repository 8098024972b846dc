#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "drains/backoff.hpp"
#include "drains/encoder.hpp"
#include "drains/frame.hpp"
#include "drains/ledger.hpp"
#include "drains/transport.hpp"
#include "logplex/channel/fabric.hpp"
#include "logplex/model/snapshot.hpp"
#include "logplex/runtime/gate.hpp"
#include "logplex/wire/filter.hpp"

namespace sluice {

/// One drain on one shard: reads its channel (or all channels of the shard), encodes batches, sends them, and keeps the
/// account. It knows neither format nor protocol.
///
///     subscription --take--> frames_ [sent, unconfirmed | not sent yet] --confirmed--> delivered
///
/// A frame is gathered when enough lines wait or the oldest has waited for drains.flush_window. Frames stay in order;
/// when the connection breaks, all that are unconfirmed are sent again (at least once). Temporary failures are tried
/// again for ever, with exponential back-off; meanwhile lines wait in their channel, where the byte budget decides.
/// What was lost there, or refused by the receiver, is told in band by an L10 line before the next line.
///
/// Lives on its shard, owned by DrainSet; await stopped() before destroying it.
class DrainRunner final : public OnShard, private Subscription {
 public:
  DrainRunner(const DrainEnvironment& environment, FabricShard& fabric, const DrainEntry& entry);
  ~DrainRunner() override;

  /// Begins with the next line of the channel.
  void start();
  /// The drain was changed, or only paused or resumed: other receiver, filter or format from the next frame on. Frames
  /// gathered before keep their bytes.
  void change(const DrainEntry& entry);
  /// Gives up what is pending, in the next turns; counted as skipped.
  void skip_pending();
  /// Sends what there is, without waiting for batches; a failure now is the last. Ends in finished().
  void flush();
  Task<void> finished();
  /// Ends everything now.
  void cancel();
  Task<void> stopped() { return gate_.stopped(); }

  Ledger ledger() const;
  std::uint64_t id() const { return drain_.id; }
  std::uint64_t delivered() const { return delivered_; }

 private:
  class Gatherer;
  enum class Health : std::uint8_t { kUntried, kWell, kFailing, kDisabled };

  void on_news() override;
  void on_closed() override {}
  static void on_flush_time(void* self);

  void configure();
  void reconfigure();
  void drop_pending();
  void disable(const Error& error);
  Task<void> run();
  Task<void> send_what_is_due();
  Task<void> pause_after_failure();
  bool may_send() const;
  bool batch_is_due() const;
  Frame* next_frame();
  bool gather();
  void append_notice(Frame& frame);
  void apply(const SendReport& report);
  void on_delivered(std::size_t frames);
  void on_broken(const SendReport& report);
  void note_refused(const Refused& refused);
  void note_trouble();
  void reject_front();
  void split_unsent();
  bool take_confirmed();
  bool drained() const { return frames_.empty() && !has_pending(); }
  std::uint64_t lines_in_frames() const;

  const DrainEnvironment& environment_;
  const std::uint64_t log_id_;
  Drain drain_;
  std::uint64_t changed_at_;
  ChannelSlot channel_;
  std::unique_ptr<Encoder> encoder_;
  std::unique_ptr<Transport> transport_;
  std::optional<Filter> filter_;
  FrameIdentity identity_;

  std::deque<Frame> frames_;  // oldest first; the first sent_ are under way
  std::size_t sent_ = 0;
  std::deque<std::string> spare_bodies_;
  std::uint64_t filtered_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t rejected_ = 0;
  std::uint64_t skipped_ = 0;
  std::uint64_t notices_ = 0;
  std::uint64_t untold_ = 0;  // lost lines that no L10 has told yet
  WallTime untold_since_{};

  Health health_ = Health::kUntried;
  bool way_is_full_ = false;   // the transport could not take the frame, or not all of it
  bool broke_before_ = false;  // the connection broke, and nothing was delivered since
  bool flushing_ = false;
  bool flush_failed_ = false;
  bool changed_ = false;
  bool skip_asked_ = false;
  std::string last_error_;
  std::optional<WallTime> last_success_;
  std::optional<Duration> latency_;
  WallTime since_{};
  Duration asked_pause_{};

  Backoff backoff_;
  Event wake_;
  Event finished_;
  Deadline flush_time_;
  bool flush_due_ = false;
  Gate gate_;
};

}  // namespace sluice
