#pragma once

#include <optional>

#include "drains/delivery/drain_owed.hpp"
#include "drains/delivery/frame_queue.hpp"
#include "logplex/channel/subscription.hpp"
#include "logplex/runtime/event.hpp"
#include "logplex/runtime/task_work.hpp"
#include "logplex/wire/filter.hpp"

namespace sluice::drains {

/// A drain's place in its channel, or in all channels of the shard: gathers the lines that wait there into frames. A
/// batch is due when enough lines wait for a whole frame, or the oldest has waited for drains.flush_window; then the
/// cursor sets `wake`.
///
/// Lives on its drain's shard. Everything that it is given must outlive it.
class DrainCursor final : public Subscription {
 public:
  DrainCursor(Shard& shard, FabricShard& fabric, Duration flush_window, const FrameWriter& writer,
              DeliveryAccount& account, Event& wake);
  ~DrainCursor() override;

  /// Goes on with what the drain was owed before a restart, for `global` drains in many channels. Call it after
  /// attaching.
  void go_on(const DrainOwed& owed, bool global);
  /// From now on takes only lines that the filter lets pass.
  void filter_by(std::optional<Filter> filter) { filter_ = std::move(filter); }
  /// Only a cursor with a filter waits for its share of work: it may look at many lines and let none pass.
  bool filters() const { return filter_.has_value(); }

  /// Whether lines wait that should be sent now. Never while somebody else reads for this cursor.
  bool is_due() const;
  /// The lines that wait now are due.
  void hurry();
  /// From now on lines wait for nothing.
  void flush() { flushing_ = true; }
  /// Somebody else reads from now on: lines that come are not this cursor's business.
  void rest();

  /// Makes one frame of at least `target_bytes`, if so many lines wait, and adds it. With a filter, it stops when the
  /// share of work is used up. False if no line that it took passed the filter.
  bool gather(FrameQueue& frames, std::size_t target_bytes, TaskWork& work);
  /// Drops the lines that wait now, and counts them as skipped. Lines that arrive meanwhile stay.
  Task<void> skip_pending(TaskWork& work);
  /// Adds the lines that were offered, lost and still wait.
  void add_to(Ledger& ledger) const;

 private:
  void on_news() override;
  void on_flush_time() { hurry(); }

  Shard& shard_;
  const Duration flush_window_;
  const FrameWriter& writer_;
  DeliveryAccount& account_;
  Event& wake_;
  std::optional<Filter> filter_;
  Deadline<&DrainCursor::on_flush_time> flush_time_;
  bool due_ = false;
  bool flushing_ = false;
};

}  // namespace sluice::drains
