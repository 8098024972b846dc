#include "drains/delivery/drain_runner.hpp"

// Splits frames that a receiver finds too large or takes too slowly.

namespace sluice::drains {

void DrainRunner::split_unsent() {
  auto halves = encoder_->split(frames_[sent_]);
  if (!halves) {
    last_error_ = "a single line is too large for the receiver";
    return reject_front();
  }
  auto& [first, second] = *halves;
  Frame& telling = first.notices.empty() ? second : first;
  telling.reported = frames_[sent_].reported;
  telling.reported_since = frames_[sent_].reported_since;
  std::uint64_t part = 0;
  drop_memory_of(frames_[sent_]);
  for (Frame* half : {&first, &second}) {
    half->oldest = frames_[sent_].oldest;
    half->missing_before = frames_[sent_].missing_before;
    set_part_id(*half, frames_[sent_], ++part);
    memory_.bodies.charge(static_cast<std::int64_t>(half->memory()));
  }
  frames_[sent_] = std::move(first);
  frames_.insert(frames_.begin() + static_cast<std::ptrdiff_t>(sent_) + 1, std::move(second));
}

/// Without this, a receiver that is too slow for a batch would be sent the same batch for ever, and might process it
/// many times.
void DrainRunner::make_smaller() {
  if (changed_ || skip_asked_ || frames_.empty() || frames_.front().messages() < 2) return;
  batch_limit_.on_timeout(frames_.front().bytes().size());
  split_unsent();
}

std::size_t DrainRunner::target_bytes() const { return batch_limit_.at_most(encoder_->target_bytes()); }

}  // namespace sluice::drains
