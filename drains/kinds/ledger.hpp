#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "drains/kinds/error_counts.hpp"
#include "logplex/base/units.hpp"
#include "logplex/channel/losses.hpp"

namespace sluice::drains {

/// Of these, the lines that L10 is to tell. The channel itself tells of lines over its rate.
inline std::uint64_t reportable(const Losses& losses) { return losses.total() - losses.count(LossReason::kRate); }

/// Why a drain is as it is.
enum class DrainState : std::uint8_t { kPending, kActive, kDegraded, kPaused, kDisabled };

/// One drain's account on one shard. At every moment, in one turn:
///
///     offered = filtered + delivered + sum(dropped) + pending_lines
struct Ledger {
  std::uint64_t offered = 0;
  std::uint64_t filtered = 0;
  std::uint64_t delivered = 0;
  std::array<std::uint64_t, Losses::kReasons> dropped{};  // by LossReason
  std::uint64_t pending_lines = 0;
  std::uint64_t pending_bytes = 0;
  std::uint64_t in_flight_lines = 0;  // of the pending ones: sent and not confirmed
  std::uint64_t notices = 0;          // L10 lines delivered; in none of the numbers above

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
  /// Adds another shard's account of the same drain.
  void add(const Ledger& other);
};

}  // namespace sluice::drains
