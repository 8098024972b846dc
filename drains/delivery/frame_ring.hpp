#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "drains/delivery/body_pool.hpp"
#include "drains/kinds/drain_environment.hpp"
#include "drains/kinds/encoder.hpp"
#include "logplex/channel/fabric.hpp"
#include "logplex/runtime/turn_work.hpp"
#include "logplex/wire/filter.hpp"

namespace sluice::drains {

/// Renders frames once for all global drains of one shard that render alike: same format, same filter. The ring reads
/// all channels for them, renders each line once, and hands every frame to all readers at once (ten drains: 2.8 us a
/// line if each renders, 1.5 us with a ring; 2026-11-23).
///
///     channels --take--> body, body, body ...        readers: [unconfirmed | waiting] [unconfirmed | waiting] ...
///
/// A reader follows the ring's own subscription, so its counts stay exact. A reader drops out when it is a full ring
/// behind, or half a ring behind and making no progress, or when it holds two rings of frames. It then keeps the frames
/// that it was given, reads its channels itself from exactly where the ring stood, and joins again when it has caught
/// up. While more than half of several readers are half a ring behind but make progress, the ring slows ingress down
/// for a moment: letting each of them read lines from cold memory would cost more than the wait.
///
/// While all frames take more than half of the shard's budget, a reader drops out when it is two frames behind. Readers
/// outside their ring, of all rings, then drop frames that are not under way; the one that has been outside longest
/// goes first.
///
/// Lives on its shard; its readers own it together. Without readers it reads nothing and holds nothing.
class FrameRing final : public OnShard, private Subscription, private TurnWorker {
 public:
  struct Shared {
    SharedBodyRef body;
    std::uint64_t lines = 0;
    WallTime oldest{};  // when its earliest line was received
  };

  /// A drain as the ring sees it. The ring calls these functions on its shard. They must not call the ring, except for
  /// what it has counted.
  class Reader : public BodyPool::Holder {
   public:
    virtual void on_frame(const Shared& frame) = 0;
    /// Lines were lost after the frames handed out so far.
    virtual void on_ring_loss(std::uint64_t lines, WallTime since) = 0;
    /// The ring is flushing and has read everything: no frame comes until there are new lines.
    virtual void on_all_read() = 0;
    /// The reader has dropped out: its subscription reads by itself again.
    virtual void on_fallen_out() = 0;
    /// How many frames its receiver does not have yet.
    virtual std::size_t frames_behind() const = 0;
    /// How many frames it holds, including those that it may have to send again.
    virtual std::size_t frames_held() const = 0;
    /// When it last made progress or had nothing to do.
    virtual SteadyTime progress() const = 0;
    virtual Subscription& subscription() = 0;

   protected:
    ~Reader() = default;
  };

  FrameRing(const DrainEnvironment& environment, FabricShard& fabric, BodyPool& bodies,
            std::unique_ptr<Encoder> encoder, std::optional<Filter> filter, Beneficiary owner);
  ~FrameRing() override;

  /// Adds a reader. False if it has not caught up yet, or the shard has no place for another global reader.
  bool join(Reader& reader);
  /// Removes a reader: its subscription reads by itself again, and it keeps the frames that it was given.
  void leave(Reader& reader);
  /// Removes a reader that is about to be destroyed or to change its ring.
  void forget(Reader& reader);
  /// A reader made progress. Not for use in on_frame().
  void on_progress();
  /// Renders lines that wait for a full frame; with a filter, as many as this turn's work allows.
  void render_all();
  /// The open frame, to which the next lines go. The ring has taken its lines, but no reader has them yet.
  const Shared& open() const { return open_; }
  /// Makes every reader drop out and frees the ring's place among the shard's global readers. False if it has none.
  bool dissolve();
  /// From now on lines do not wait for a full frame.
  void flush();
  /// How many lines the filter left out so far.
  std::uint64_t filtered() const { return filtered_; }
  /// How many of these a regular expression gave up on.
  std::uint64_t lines_given_up() const { return gave_up_; }

 private:
  class Renderer;

  void on_news() override;
  void on_share(Work share) override;

  bool is_wanted() const;
  void render(std::uint64_t at_least_pending);
  Work render_one(Work share);
  void let_fall_out(std::size_t reader);
  void end_frame();
  void hand_out();
  void look_after_readers();
  bool must_fall_out(const Reader& reader) const;
  bool is_behind(const Reader& reader) const;
  void hold(bool wanted);
  void rest();
  std::size_t depth() const;
  std::size_t target() const;

  const DrainEnvironment& environment_;
  FabricShard& fabric_;
  BodyPool& bodies_;
  const std::unique_ptr<Encoder> encoder_;
  const std::optional<Filter> filter_;
  std::vector<Reader*> readers_;
  Shared open_;
  std::uint64_t filtered_ = 0;
  std::uint64_t gave_up_ = 0;
  std::uint64_t wanted_ = 0;  // render while at least so many bytes wait
  bool flushing_ = false;
  bool holding_ = false;
  Deadline<&FrameRing::render_all> flush_time_;
  Deadline<&FrameRing::look_after_readers> patience_;
};

}  // namespace sluice::drains
