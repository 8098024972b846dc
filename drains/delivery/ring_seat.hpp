#pragma once

#include <memory>
#include <optional>

#include "drains/delivery/drain_cursor.hpp"
#include "drains/delivery/frame_queue.hpp"
#include "drains/delivery/frame_ring.hpp"
#include "drains/delivery/frame_sender.hpp"

namespace sluice::drains {

/// A global drain's place in the ring of drains that render alike. While the drain follows the ring, its frames come
/// from there; when it cannot keep up, it drops out and its own cursor goes on.
///
/// Lives on its drain's shard. The parts must outlive it.
class RingSeat final : public OnShard, private FrameRing::Reader {
 public:
  /// The drain that sits here.
  class Owner {
   public:
    /// Frames were just added to the queue. True if they were sent and the drain's task need not wake up.
    virtual bool send_at_once() = 0;

   protected:
    ~Owner() = default;
  };
  /// The parts of the drain.
  struct Parts {
    DrainCursor& cursor;
    FrameQueue& frames;
    const FrameWriter& writer;
    const FrameSender& sender;
    DeliveryAccount& account;
    Event& wake;
  };

  RingSeat(Shard& shard, Owner& owner, Parts parts) : OnShard(shard), owner_(owner), parts_(parts) {}
  RingSeat(const RingSeat&) = delete;
  RingSeat& operator=(const RingSeat&) = delete;
  virtual ~RingSeat();

  /// The ring to follow; nullptr if the drain shares with nobody. Leaves the ring before.
  void choose(std::shared_ptr<FrameRing> ring);
  /// Follows the ring if the cursor has caught up with it.
  void join();
  /// Keeps the frames that the ring gave; the cursor goes on where the ring stands.
  void leave();
  bool following() const { return parts_.cursor.following(); }
  /// A frame was sent or confirmed.
  void on_progress();
  /// From now on lines do not wait in the ring for a full frame.
  void flush();

  /// Lines that the ring has taken, and no drain has yet.
  std::uint64_t open_lines() const { return following() ? ring_->open().lines : 0; }
  /// When the oldest of them was received; none if there are none.
  std::optional<WallTime> open_since() const;
  void add_to(Ledger& ledger) const;

 private:
  void on_frame(const FrameRing::Shared& shared) override;
  void on_ring_loss(std::uint64_t lines, WallTime since) override { parts_.account.report_later(lines, since); }
  void on_all_read() override { parts_.wake.set(); }
  void on_fallen_out() override;
  /// The connection may already have a part of the next frame under way.
  void fold_frames() override { parts_.frames.fold(parts_.frames.sent() + 1); }
  std::size_t frames_behind() const override { return parts_.frames.frames().size() - parts_.sender.arrived(); }
  std::size_t frames_held() const override { return parts_.frames.frames().size(); }
  SteadyTime progress() const override { return parts_.frames.progress(); }
  Subscription& subscription() override { return parts_.cursor; }
  std::uint64_t filtered() const { return ring_->filtered() - filtered_before_; }

  Owner& owner_;
  const Parts parts_;
  std::shared_ptr<FrameRing> ring_;
  std::uint64_t filtered_before_ = 0;  // lines that the ring had left out when the drain joined
};

}  // namespace sluice::drains
