#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "logplex/base/units.hpp"
#include "logplex/net/socket.hpp"
#include "logplex/runtime/shard.hpp"

namespace sluice {
class MetricsPage;
}  // namespace sluice

namespace sluice::ingress {

/// Why ingress took nothing of a request, or closed a connection.
enum class Refusal : std::uint8_t {
  kUnauthorized,  // POST /logs: no valid token, credential or key (401)
  kForbidden,     // POST /logs: no right to write to this channel (403)
  kNotFound,      // POST /logs: there is no such channel (404)
  kEncoding,      // POST /logs: wrong Content-Type or Content-Encoding (415)
  kTooLarge,      // POST /logs: over ingress.body_max (413)
  kMalformed,     // POST /logs: not whole octet-counted frames, bad gzip, wrong count (400)
  kTimeout,       // POST /logs: the body took too long (408)
  kMemory,        // bodies (503) and unfinished messages hold too much memory, this one most
  kLoop,          // this node, or one with the same store, has had the lines before; POST /logs answers 204
  kNoProof,       // no valid token within limits.ingress_proof_time
  kCrowded,       // the listener is nearly full, limits.ingress_unproven others have no token either, and this one
                  // was silent longest
  kSlowMessage,   // TCP syslog: one message took longer than ingress.idle_timeout
  kNoMessage,     // TCP syslog: the beginning of the next message cannot be found
};
constexpr std::size_t kRefusals = 13;

/// Why a sender is refused, and a sentence for it.
struct Refused {
  Refusal why;
  std::string text;
};

/// Counts what ingress refuses, by reason. Also writes it to our own log: for each reason once in an interval, with a
/// peer's address and what to change. One per shard, on that shard.
class Refusals final : public OnShard {
 public:
  Refusals(Shard& shard, Duration log_interval) : OnShard(shard), log_interval_(log_interval) {}

  void count(Refusal why) { ++counts_[index(why)]; }
  void note(Refusal why, const Peer& peer) { note(why, peer.address.to_string()); }
  void note(Refusal why, const std::string& peer);

  std::uint64_t of(Refusal why) const { return counts_[index(why)]; }
  void add_metrics(MetricsPage& page) const;

 private:
  static constexpr std::size_t index(Refusal why) { return static_cast<std::size_t>(why); }

  const Duration log_interval_;
  std::array<std::uint64_t, kRefusals> counts_{};
  std::array<std::uint64_t, kRefusals> told_{};  // counts_ when it was logged last
  std::array<SteadyTime, kRefusals> told_at_{};
};

}  // namespace sluice::ingress
