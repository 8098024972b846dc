#include <algorithm>
#include <map>

#include "drains/delivery/drain_runner.hpp"

// What a drain is still owed when it stops, and how it goes on from there after a restart.

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

/// Until they are confirmed, the lines in frames may be owed to another run of the process.
void DrainRunner::keep_records() {
  WallTime since = kNothing;
  for (const Frame& frame : frames_)
    if (frame.lines > 0) since = std::min(since, frame.oldest);
  keep_since(since);
}

/// A frame under way counts as not confirmed, so its lines may come to the receiver twice.
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
  // What frames tell was lost before what nothing tells yet.
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

/// Lines that the next run finds missing, because it goes on at the first line in frames and they were lost behind
/// that. It counts and tells them then. Of a global drain nobody knows which channels they were of: they are told
/// twice.
std::uint64_t DrainRunner::found_missing_again() const {
  const auto first = std::ranges::find_if(frames_, [](const Frame& frame) { return frame.lines > 0; });
  if (drain_.global() || first == frames_.end()) return 0;
  return missing_ - first->missing_before + reportable(unreported());
}

}  // namespace sluice::drains
