#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "drains/kinds/error_counts.hpp"
#include "logplex/base/units.hpp"
#include "logplex/channel/losses.hpp"

namespace sluice::drains {

/// How many of these losses the drain reports with an L10 line. The channel itself reports lines over its rate limit.
inline std::uint64_t reportable(const Losses& losses) { return losses.total() - losses.count(LossReason::kRate); }

/// The state of a drain.
enum class DrainState : std::uint8_t { kPending, kActive, kDegraded, kPaused, kDisabled };

/// The counts of one drain on one shard. Within one turn this always holds:
///
///     offered = filtered + delivered + sum(dropped) + pending_lines
struct Ledger {
  std::uint64_t offered = 0;
  std::uint64_t filtered = 0;
  std::uint64_t delivered = 0;
  std::array<std::uint64_t, Losses::kReasons> dropped{};  // by LossReason
  std::uint64_t pending_lines = 0;
  std::uint64_t pending_bytes = 0;
  std::uint64_t in_flight_lines = 0;  // part of pending_lines: sent, not confirmed
  std::uint64_t notices = 0;          // L10 lines delivered; not counted above

  std::optional<WallTime> oldest_pending;
  std::optional<WallTime> last_success;
  std::string last_error;
  ErrorCounts errors;
  std::optional<Duration> latency;
  WallTime since{};
  DrainState state = DrainState::kPending;

  std::uint64_t dropped_total() const {
    std::uint64_t sum = 0;
    for (const auto lines : dropped) sum += lines;
    return sum;
  }
  /// Adds the counts of the same drain on another shard.
  void add(const Ledger& other);
};

}  // namespace sluice::drains
