#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <limits>

#include "logplex/base/units.hpp"
#include "logplex/runtime/turn_time.hpp"

namespace sluice {

class Wheel;

/// One time limit on the shard's wheel. Arming again only writes a number: the entry stays linked where it was and is
/// moved when its old slot comes up, so a deadline per request costs no list operation.
///
/// Fires once, up to one tick (4 ms) late, never early, in Shard::turn(). It may destroy itself or arm itself again
/// from its callback. Owned by the object it guards; the wheel must outlive it. One shard.
class Deadline {
 public:
  using Fire = void (*)(void* owner);

  Deadline(Wheel& wheel, Fire fire, void* owner) : wheel_(wheel), fire_(fire), owner_(owner) {}
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline() { unlink(); }

  void arm(Duration from_now);
  void disarm() { when_ = kNever; }
  bool armed() const { return when_ != kNever; }

 private:
  friend class Wheel;
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  void unlink();

  Wheel& wheel_;
  Fire fire_;
  void* owner_;
  std::int64_t when_ = kNever;         // tick at which it fires
  std::int64_t linked_tick_ = kNever;  // tick whose slot holds it; kNever = in no slot
  Deadline* next_ = nullptr;
  Deadline** from_ = nullptr;  // the pointer that points here
};

/// Coarse timer wheel: 2048 slots of 4 ms. An entry further away than one round stays in its slot and is looked at
/// once a round (8 s).
class Wheel {
 public:
  static constexpr std::chrono::milliseconds kTick{4};
  static constexpr std::size_t kSlots = 2048;

  explicit Wheel(const TurnTime& time) : time_(time), start_(time.steady()) {}

  /// Fires what is due. Called once a turn, after its handlers.
  void advance();
  /// Time until the next slot that holds anything, at most a round. What sleeps may sleep that long.
  Duration until_next(SteadyTime now) const;

 private:
  friend class Deadline;

  std::int64_t tick_at(SteadyTime time) const { return (time - start_) / kTick; }
  void link(Deadline& deadline, std::int64_t tick);
  void visit(std::int64_t tick);

  const TurnTime& time_;
  const SteadyTime start_;
  std::int64_t done_ = 0;  // slots up to this tick have been visited
  std::array<Deadline*, kSlots> slots_{};
  std::array<std::uint64_t, kSlots / 64> occupied_{};
};

}  // namespace sluice
