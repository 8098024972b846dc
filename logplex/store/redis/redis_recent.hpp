#pragma once

#include <cstdint>
#include <deque>
#include <utility>

#include "logplex/base/clock.hpp"
#include "logplex/base/units.hpp"

namespace sluice {

/// The node's revision, second by second, over the last minute in which it followed. It tells a promoted replica, which
/// lacks at most the last changes, from a backup.
class RecentRevisions {
 public:
  void note(SteadyTime now, std::uint64_t revision) {
    if (!seen_.empty() && now - seen_.back().first < kStep) return;
    seen_.emplace_back(now, revision);
    if (seen_.size() > kSteps) seen_.pop_front();
  }
  /// Whether the node was at this revision or an earlier one in that minute.
  bool covers(std::uint64_t revision) const { return !seen_.empty() && seen_.front().second <= revision; }
  void forget() { seen_.clear(); }

 private:
  static constexpr Duration kStep = std::chrono::seconds(1);
  static constexpr std::size_t kSteps = 60;

  std::deque<std::pair<SteadyTime, std::uint64_t>> seen_;
};

}  // namespace sluice
