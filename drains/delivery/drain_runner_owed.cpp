#include <algorithm>
#include <map>

#include "drains/delivery/drain_runner.hpp"

// What a drain is owed when it stops, and how it continues there after a restart.

namespace sluice::drains {

void DrainRunner::go_on(const DrainOwed& owed) {
  if (owed.unreported > 0) report_later(owed.unreported, owed.unreported_since);
  for (const OwedPlace& place : owed.places) {
    if (drain_.global())
      offer_from(place.channel, place.next);
    else
      seek(place.next, LossReason::kMemoryBudget);
  }
  if (has_pending()) on_news();
}

/// Keeps the lines of unconfirmed frames in the channel: the next run of the process may have to send them.
void DrainRunner::keep_records() {
  WallTime since = kNothing;
  for (const Frame& frame : frames_)
    if (frame.lines > 0) since = std::min(since, frame.oldest);
  keep_since(since);
}

/// A frame under way counts as unconfirmed, so the receiver may get its lines twice.
DrainOwed DrainRunner::owed() const {
  DrainOwed owed;
  std::map<ChannelSlot, Seq> next;
  for (const Frame& frame : frames_) {
    for (const Run& run : frame.lines_in_it()) {
      const ChannelSlot channel{static_cast<std::uint32_t>(run.channel)};
      next.try_emplace(channel, run.first);
      const Seq held = fabric_.first_held(channel);
      if (held > run.first) owed.lost += std::min(held, run.last + 1) - run.first;
    }
  }
  for (const Untaken& rest : untaken()) {
    if (fabric_.is_open(rest.channel))
      next.try_emplace(rest.channel, rest.next);
    else
      owed.lost += rest.end - rest.next;
  }
  for (const auto& [channel, first] : next)
    if (fabric_.is_open(channel)) owed.places.push_back({channel, first});
  // In order of time: losses that frames report come before those that nothing reports yet.
  const auto add = [&owed](std::uint64_t lines, WallTime since) {
    if (owed.unreported == 0) owed.unreported_since = since;
    owed.unreported += lines;
  };
  for (const Frame& frame : frames_) add(frame.reported, frame.reported_since);
  add(unreported_, unreported_since_);
  add(reportable(unreported()), unreported().since);
  owed.unreported -= std::min(owed.unreported, found_missing_again());
  return owed;
}

/// Losses that the next run finds again, because it continues at the first line in frames and these lines were lost
/// after it. The next run counts and reports them, so this one must not. A global drain cannot tell which channels they
/// belong to: it reports them twice.
std::uint64_t DrainRunner::found_missing_again() const {
  const auto first = std::ranges::find_if(frames_, [](const Frame& frame) { return frame.lines > 0; });
  if (drain_.global() || first == frames_.end()) return 0;
  return missing_ - first->missing_before + reportable(unreported());
}

}  // namespace sluice::drains
