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

/// What the wheel knows of a Deadline.
class DeadlineEntry {
 public:
  DeadlineEntry(const DeadlineEntry&) = delete;
  DeadlineEntry& operator=(const DeadlineEntry&) = delete;

  void arm(Duration from_now);
  void disarm() { when_ = kNever; }
  bool armed() const { return when_ != kNever; }

 protected:
  using Fire = void (*)(void* owner);

  DeadlineEntry(Wheel& wheel, Fire fire, void* owner) : wheel_(wheel), fire_(fire), owner_(owner) {}
  ~DeadlineEntry() { unlink(); }

 private:
  friend class Wheel;
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  void unlink();

  Wheel& wheel_;
  Fire fire_;
  void* owner_;
  std::int64_t when_ = kNever;         // tick at which it fires
  std::int64_t linked_tick_ = kNever;  // tick whose slot holds it; kNever = in no slot
  DeadlineEntry* next_ = nullptr;
  DeadlineEntry** from_ = nullptr;  // the pointer that points here
};

template <class Function>
struct OwnerOf;
template <class Owner>
struct OwnerOf<void (Owner::*)()> {
  using Type = Owner;
};

/// One time limit on the shard's wheel: Deadline<&Exchange::on_time> calls that function of its owner. Re-arming it for
/// a later time only writes a number: the entry stays in its slot, and is moved when that slot comes up. So a deadline
/// per request costs no list operation.
///
/// Fires once, in Shard::turn(), up to one tick (4 ms) late and never early. The function may destroy the deadline or
/// arm it again. Owned by the object it guards; the wheel must outlive it. One shard.
template <auto kOnTime>
class Deadline final : public DeadlineEntry {
  using Owner = typename OwnerOf<decltype(kOnTime)>::Type;

 public:
  Deadline(Wheel& wheel, Owner& owner)
      : DeadlineEntry(
            wheel, [](void* self) { (static_cast<Owner*>(self)->*kOnTime)(); }, &owner) {}
};

/// Coarse timer wheel: 2048 slots of 4 ms. An entry further away than one round stays in its slot and is checked once a
/// round (8 s).
class Wheel {
 public:
  static constexpr std::chrono::milliseconds kTick{4};
  static constexpr std::size_t kSlots = 2048;

  explicit Wheel(const TurnTime& time) : time_(time), start_(time.steady()) {}

  /// Fires due deadlines. Called once a turn, after its handlers.
  void advance();
  /// Time until the next occupied slot, at most a round. The shard may sleep that long.
  Duration until_next(SteadyTime now) const;

 private:
  friend class DeadlineEntry;

  std::int64_t tick_at(SteadyTime time) const { return (time - start_) / kTick; }
  void link(DeadlineEntry& deadline, std::int64_t tick);
  void visit(std::int64_t tick);

  const TurnTime& time_;
  const SteadyTime start_;
  std::int64_t done_ = 0;  // slots up to this tick have been visited
  std::array<DeadlineEntry*, kSlots> slots_{};
  std::array<std::uint64_t, kSlots / 64> occupied_{};
};

}  // namespace sluice
