#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "logplex/base/clock.hpp"
#include "logplex/base/result.hpp"
#include "logplex/base/units.hpp"
#include "logplex/runtime/task.hpp"

namespace sluice::api {

/// The state of a drain, as its owner sees it.
enum class DrainStatus : std::uint8_t {
  kPending,   // reserved, or nothing was delivered or refused yet
  kActive,    // the last delivery succeeded
  kDegraded,  // the last delivery failed; lines wait for a retry
  kPaused,    // paused by its owner
  kDisabled,  // no more attempts until the drain is changed
};

/// "pending", "active", "degraded", "paused", "disabled".
constexpr std::string_view to_string(DrainStatus status) {
  constexpr std::string_view kNames[] = {"pending", "active", "degraded", "paused", "disabled"};
  return kNames[static_cast<std::size_t>(status)];
}

/// One consistent reading of a drain's ledger: offered = filtered + delivered + all dropped + pending_lines.
struct DrainStats {
  std::uint64_t offered = 0;
  std::uint64_t filtered = 0;
  std::uint64_t delivered = 0;
  std::vector<std::pair<std::string, std::uint64_t>> dropped;  // by reason; only what is not 0
  std::uint64_t pending_lines = 0;
  std::uint64_t pending_bytes = 0;
  std::uint64_t in_flight_lines = 0;  // pending lines that were sent and not confirmed
  Duration oldest_pending_age{};
  std::optional<WallTime> last_success;
  std::string last_error;                                     // a sentence without secrets; empty = none
  std::vector<std::pair<std::string, std::uint64_t>> errors;  // failures by class; only what is not 0
  std::optional<Duration> latency;                            // of the last delivery
  WallTime since{};                                           // when this ledger began
  std::string node;
};

struct DrainReport {
  DrainStatus status = DrainStatus::kPending;
  DrainStats stats;
};

/// The result of sending one synthetic line.
struct DrainTest {
  bool delivered = false;
  std::optional<int> http_status;
  Duration latency{};
  std::string tls_version;  // empty = no TLS
  std::string tls_cipher;
  std::string tls_peer;     // subject of the peer's certificate
  std::string error_class;  // "dns", "connect", "tls", "timeout", "http", ...; empty = delivered
  std::string error;        // a sentence without secrets
};

/// A drain that is degraded or disabled.
struct UnhealthyDrain {
  std::uint64_t id = 0;
  DrainReport report;
};

/// The API's interface to the drains. The API must not know how drains run, so the program
/// that has both implements this.
///
/// Any shard may call it and gets the answer on its own shard. It outlives the API.
class DrainControl {
 public:
  virtual ~DrainControl() = default;

  /// A drain that has never run (reserved, unknown, not started yet) reports kPending and zeros.
  virtual Task<DrainReport> report(std::uint64_t drain) = 0;
  /// Sends one line now, without counting it in the ledger. Error: there is no such drain or it has no url.
  virtual Task<result<DrainTest, Error>> test(std::uint64_t drain) = 0;
  /// Drops all pending lines (counted as dropped), so that a paused drain continues with the next line.
  virtual Task<result<void, Error>> skip_pending(std::uint64_t drain) = 0;
  /// Unhealthy drains whose channel (empty for a global drain) the caller may see, at most `limit`. `may_see` runs on
  /// any shard, so it must own what it uses.
  using MaySee = std::function<bool(const std::string& channel)>;
  virtual Task<std::vector<UnhealthyDrain>> unhealthy(std::size_t limit, MaySee may_see) = 0;
};

}  // namespace sluice::api
