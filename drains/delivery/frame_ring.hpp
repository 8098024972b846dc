#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drains/delivery/body_pool.hpp"
#include "drains/kinds/drain_environment.hpp"
#include "drains/kinds/encoder.hpp"
#include "logplex/channel/fabric.hpp"
#include "logplex/runtime/turn_work.hpp"
#include "logplex/wire/filter.hpp"

namespace sluice::drains {

/// The frames that global drains of one shard share because they render alike: same format, same filter. It reads all
/// channels for them, renders each line once, and hands every frame to every reader at once (ten drains: 2.8 us a line
/// with a rendering each, 1.5 so; 2026-11-23).
///
///     channels --take--> body, body, body ...        readers: [unconfirmed | waiting] [unconfirmed | waiting] ...
///
/// A reader follows the ring's own subscription, so its account stays exact. It falls out when it is a whole ring
/// behind, or half a ring and stands still, or when it holds two rings of frames. Then it keeps the frames that it was
/// given, reads its channels itself from exactly where the ring stood, and joins again when it has caught up. While
/// more than half of several readers are half a ring behind but get on, ingress is held for a moment: reading cold
/// memory for each would cost more than the wait.
///
/// While the frames of all rings and drains take more than half of the shard's budget, a reader falls out when it is
/// two frames behind. Those outside, of all rings, then give up frames that are not under way, the longest outside
/// first.
///
/// Lives on its shard, owned by its readers together. Without readers it reads nothing and holds nothing.
class FrameRing final : public OnShard, private Subscription, private TurnWorker {
 public:
  struct Shared {
    SharedBodyRef body;
    std::uint64_t lines = 0;
    WallTime oldest{};  // when the first was received
  };

  /// A drain, as the ring sees it.
  class Reader : public BodyPool::Holder {
   public:
    virtual void on_frame(const Shared& frame) = 0;
    /// Lines were lost between the frames before and those after.
    virtual void on_ring_loss(std::uint64_t lines, WallTime since) = 0;
    /// The ring was told to flush, and has read everything: no frame comes unless new lines do.
    virtual void on_all_read() = 0;
    /// It has fallen out: its subscription reads by itself again.
    virtual void on_fallen_out() = 0;
    /// Frames that its receiver does not have yet.
    virtual std::size_t frames_behind() const = 0;
    /// All that it holds, also those that it may have to send again.
    virtual std::size_t frames_held() const = 0;
    /// When it last got on, or had nothing to do.
    virtual SteadyTime progress() const = 0;
    virtual Subscription& subscription() = 0;

   protected:
    ~Reader() = default;
  };

  FrameRing(const DrainEnvironment& environment, FabricShard& fabric, BodyPool& bodies,
            std::unique_ptr<Encoder> encoder, std::optional<Filter> filter, Beneficiary owner);
  ~FrameRing() override;

  /// False when the reader has not caught up yet, or the shard has no room for another global reader.
  bool join(Reader& reader);
  /// Its subscription reads by itself again. Frames that it was given stay its own.
  void leave(Reader& reader);
  /// It will not be there any more.
  void forget(Reader& reader);
  /// A reader got on.
  void on_progress();
  /// Renders what waits for a full frame; with a filter, as far as this turn's work allows.
  void render_all();
  /// The frame that the next lines go into. Its lines were taken, and no reader has them yet.
  const Shared& open() const { return open_; }
  /// Every reader reads by itself again, and the ring's place among the shard's readers is free. False when it has
  /// none.
  bool dissolve();
  /// From now on nothing waits for a full frame.
  void flush();
  /// Lines that the filter left out so far.
  std::uint64_t filtered() const { return filtered_; }
  /// Of those, lines that a regular expression gave up on.
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
  std::uint64_t wanted_ = 0;  // what waits is rendered while it is at least so many bytes
  bool flushing_ = false;
  bool holding_ = false;
  bool handing_out_ = false;
  Deadline<&FrameRing::render_all> flush_time_;
  Deadline<&FrameRing::look_after_readers> patience_;
};

/// The rings of one shard, by what their readers have in common.
class FrameRings {
 public:
  FrameRings(const DrainEnvironment& environment, FabricShard& fabric, BodyPool& bodies)
      : environment_(environment), fabric_(fabric), bodies_(bodies) {}

  /// The ring for this drain; nullptr when it shares with nobody.
  std::shared_ptr<FrameRing> find(const Drain& drain);
  /// Another reader needs a place on this shard: when none is free, a ring gives its own away. Its drains need it less.
  void leave_room();
  std::uint64_t lines_given_up() const;

 private:
  const DrainEnvironment& environment_;
  FabricShard& fabric_;
  BodyPool& bodies_;
  std::map<std::string, std::weak_ptr<FrameRing>> rings_;
};

/// What the drains of one shard share. Outlives them.
struct FrameMemory {
  FrameMemory(const DrainEnvironment& environment, FabricShard& fabric)
      : bodies(environment.shard, fabric), rings(environment, fabric, bodies) {}

  BodyPool bodies;
  FrameRings rings;
  std::uint64_t delivered_lines = 0;  // by all of them, also by those that were deleted
};

}  // namespace sluice::drains
