#include "drains/delivery/drain_owed.hpp"

#include <algorithm>
#include <map>

#include "drains/delivery/frame_queue.hpp"

namespace sluice::drains {
namespace {

/// Losses that the next run finds again, because it continues at the first line in frames and these lines were lost
/// after it. The next run counts and reports them, so this one must not. A global drain cannot tell which channels they
/// belong to: it reports them twice.
std::uint64_t found_missing_again(bool global, const FrameQueue& frames, const Subscription& place,
                                  const DeliveryAccount& account) {
  const auto first = std::ranges::find_if(frames.frames(), [](const Frame& frame) { return frame.lines > 0; });
  if (global || first == frames.frames().end()) return 0;
  return account.missing() - first->missing_before + reportable(place.unreported());
}

/// The first line of each channel to go on with.
class Places {
 public:
  Places(const FabricShard& fabric, DrainOwed& owed) : fabric_(fabric), owed_(owed) {}

  void add(const Frame& frame) {
    for (const Run& run : frame.lines_in_it()) {
      const ChannelSlot channel{static_cast<std::uint32_t>(run.channel)};
      next_.try_emplace(channel, run.first);
      const Seq held = fabric_.first_held(channel);
      if (held > run.first) owed_.lost += std::min(held, run.last + 1) - run.first;
    }
  }
  void add(const Untaken& rest) {
    if (fabric_.is_open(rest.channel))
      next_.try_emplace(rest.channel, rest.next);
    else
      owed_.lost += rest.end - rest.next;
  }
  void finish() {
    for (const auto& [channel, first] : next_)
      if (fabric_.is_open(channel)) owed_.places.push_back({channel, first});
  }

 private:
  const FabricShard& fabric_;
  DrainOwed& owed_;
  std::map<ChannelSlot, Seq> next_;
};

}  // namespace

DrainOwed owed_to(bool global, const FrameQueue& frames, const Subscription& place, const DeliveryAccount& account,
                  const FabricShard& fabric) {
  DrainOwed owed;
  Places places(fabric, owed);
  for (const Frame& frame : frames.frames()) places.add(frame);
  for (const Untaken& rest : place.untaken()) places.add(rest);
  places.finish();
  // In order of time: losses that frames report come before those that nothing reports yet.
  const auto add = [&owed](std::uint64_t lines, WallTime since) {
    if (owed.unreported == 0) owed.unreported_since = since;
    owed.unreported += lines;
  };
  for (const Frame& frame : frames.frames()) add(frame.reported, frame.reported_since);
  add(account.unreported().lines, account.unreported().since);
  add(reportable(place.unreported()), place.unreported().since);
  owed.unreported -= std::min(owed.unreported, found_missing_again(global, frames, place, account));
  return owed;
}

}  // namespace sluice::drains
