#include "logplex/runtime/wheel.hpp"

#include <algorithm>

namespace sluice {

void DeadlineEntry::arm(Duration from_now) {
  // One tick more, because the current one has partly passed.
  when_ = wheel_.tick_at(wheel_.time_.steady() + from_now) + 1;
  if (linked_tick_ != kNever && linked_tick_ <= when_) return;
  unlink();
  wheel_.link(*this, when_);
}

void DeadlineEntry::unlink() {
  if (linked_tick_ == kNever) return;
  *from_ = next_;
  if (next_ != nullptr) next_->from_ = from_;
  linked_tick_ = kNever;
}

void Wheel::link(DeadlineEntry& deadline, std::int64_t tick) {
  const std::int64_t placed = std::clamp(tick, done_ + 1, done_ + static_cast<std::int64_t>(kSlots) - 1);
  const std::size_t slot = static_cast<std::size_t>(placed) % kSlots;
  deadline.linked_tick_ = placed;
  deadline.next_ = slots_[slot];
  deadline.from_ = &slots_[slot];
  if (deadline.next_ != nullptr) deadline.next_->from_ = &deadline.next_;
  slots_[slot] = &deadline;
  occupied_[slot / 64] |= 1ULL << (slot % 64);
}

/// Takes one entry at a time from the slot, because a callback may unlink any other.
void Wheel::visit(std::int64_t tick) {
  const std::size_t slot = static_cast<std::size_t>(tick) % kSlots;
  DeadlineEntry* waiting = slots_[slot];
  slots_[slot] = nullptr;
  occupied_[slot / 64] &= ~(1ULL << (slot % 64));
  if (waiting != nullptr) waiting->from_ = &waiting;
  while (waiting != nullptr) {
    DeadlineEntry& entry = *waiting;
    entry.unlink();
    if (entry.when_ == DeadlineEntry::kNever) continue;
    if (entry.when_ > tick) {
      link(entry, entry.when_);
      continue;
    }
    entry.when_ = DeadlineEntry::kNever;
    entry.fire_(entry.owner_);
  }
}

void Wheel::advance() {
  const std::int64_t target = tick_at(time_.steady());
  // After a long sleep each slot needs one visit only; entries that are due fire by their own tick.
  if (target - done_ > static_cast<std::int64_t>(kSlots)) done_ = target - static_cast<std::int64_t>(kSlots);
  while (done_ < target) {
    ++done_;
    visit(done_);
  }
}

Duration Wheel::until_next(SteadyTime now) const {
  const std::int64_t ahead = static_cast<std::int64_t>(kSlots);
  for (std::int64_t i = 1; i < ahead;) {
    const std::size_t slot = static_cast<std::size_t>(done_ + i) % kSlots;
    const std::uint64_t word = occupied_[slot / 64] >> (slot % 64);
    if (word != 0) {
      const std::int64_t tick = done_ + i + std::countr_zero(word);
      return std::max<Duration>(start_ + tick * kTick - now, Duration{0});
    }
    i += 64 - static_cast<std::int64_t>(slot % 64);
  }
  return kTick * ahead;
}

}  // namespace sluice
