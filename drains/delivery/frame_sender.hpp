#pragma once

#include <memory>

#include "drains/delivery/batch_limit.hpp"
#include "drains/delivery/delivery_account.hpp"
#include "drains/delivery/frame_queue.hpp"
#include "drains/delivery/retry_pace.hpp"
#include "drains/delivery/untrusted_notice.hpp"
#include "drains/kinds/transport.hpp"
#include "logplex/base/settings.hpp"

namespace sluice::drains {

/// Gives the frames of one drain to its transport, and enters what the transport reports into queue and account.
///
/// Lives on its drain's shard; one task sends. Everything that it is given must outlive it.
class FrameSender final : public OnShard {
 public:
  /// What the caller does next.
  enum class Progress : std::uint8_t {
    kWell,    // go on
    kFull,    // backpressure: try the same frame again a little later
    kBroke,   // the connection broke: send all frames again, at once
    kFailed,  // send all frames again, after pause()
  };

  FrameSender(Shard& shard, const DrainSettings& settings, FrameQueue& frames, DeliveryAccount& account,
              UntrustedNotice untrusted);

  /// From now on sends with this transport, which sets `wake` when something was confirmed or there is room again.
  void use(std::unique_ptr<Transport> transport, Event& wake);
  /// Whether there is a transport, and it may have another frame under way.
  bool has_room() const { return transport_ != nullptr && frames_.sent() < window(); }

  /// Sends the queue's next frame. settle() has to be called with the report, in the same turn.
  Task<SendReport> send_next();
  Progress settle(const SendReport& report);
  /// Sends all frames that wait, as far as that needs no waiting: while the bytes just rendered are still in the cache.
  /// True if the task that sends has nothing left to do.
  bool send_now();
  Progress take_confirmed();
  /// How many frames have certainly reached the receiver's machine.
  std::size_t arrived() const { return windowed_ != nullptr ? windowed_->arrived() : 0; }
  /// How long to wait for confirmations at most, while frames are under way.
  Duration confirm_poll() const { return windowed_->confirm_poll(); }

  /// The size at which a frame should end: no larger than `bytes`, and than a slow receiver takes in time.
  std::size_t batch_bytes(std::size_t bytes) const { return batch_limit_.at_most(bytes); }
  /// Whether the next frame is too large for a slow receiver: it should be split.
  bool next_is_too_large() const;
  /// Splits the next frame; rejects it if it is a single line.
  void split_next();

  /// The drain was changed: there may be another receiver. Frames under way are sent again.
  void begin_anew();
  /// Ends the connection, also for a send() that is suspended: it returns a failure.
  void close();
  /// Looks after an idle connection.
  void tend();
  /// How long to wait after a failure.
  Duration pause() { return pace_.next(shard().rng()); }
  /// Charges the transport's copies of frames; call it after a wait.
  void charge_copies() { frames_.charge_copies(windowed_ != nullptr ? windowed_->held_bytes() : 0); }

 private:
  std::size_t window() const { return windowed_ != nullptr ? windowed_->window() : 1; }
  void apply(const SendReport& report);
  void on_delivered(std::size_t frames);
  void on_broken(const SendReport& report);
  void reject_next();
  void make_smaller();
  void note_trouble();

  const DrainSettings& settings_;
  FrameQueue& frames_;
  DeliveryAccount& account_;
  UntrustedNotice untrusted_;
  std::unique_ptr<Transport> transport_;
  Windowed* windowed_ = nullptr;  // of transport_; nullptr if send() returns the confirmation
  BatchLimit batch_limit_;
  RetryPace pace_;
  SteadyTime sending_since_{};
  bool closed_ = false;  // close() was called since the last send_next() began
};

}  // namespace sluice::drains
