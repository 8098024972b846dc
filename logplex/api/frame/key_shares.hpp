#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "logplex/api/frame/answer.hpp"
#include "logplex/model/principal.hpp"
#include "logplex/runtime/share_table.hpp"

namespace sluice {
class ConfigSnapshot;
class MetricsPage;
}  // namespace sluice

namespace sluice::api {

struct StreamRights;

/// How much of the API each key may hold, over all shards; 0 = no limit.
struct KeyLimits {
  std::uint64_t connections_per_key = 0;  // limits.api_connections_per_key
  std::uint64_t connections_of_keys = 0;  // of all keys together; the rest is reserved for the node's own key
  std::uint64_t sessions_per_key = 0;     // limits.sessions_per_key
};

/// Limits how much of the API each key holds: calls under way, tails included, and open streams of sessions. A key that
/// is limited to channels shares one share with the keys that it made: ApiKey::sharer(). Those keys get at most three
/// quarters of it, so that their maker can still delete them. The node's own key is never limited. Owned by Api; any
/// thread.
class KeyShares {
 public:
  /// Held as long as the call or stream lasts.
  struct Held {
    ShareTable::Share of_key;
    ShareTable::Share of_all;
    ShareTable::Share session;
  };

  explicit KeyShares(const KeyLimits& limits) : limits_(limits) {}

  /// None when the caller's share is used up.
  std::optional<Held> take_call(const Principal& who);
  /// For a stream of a session: charges the key that made the session.
  std::optional<Held> take_session(const StreamRights& rights, const ConfigSnapshot& config);

  /// The thread that reads certificates has 256 places. A key and a channel may each hold kCertificatesAtOnce of them,
  /// and all keys together kCertificatesOfAll; the rest is for the node's own key and for drains that connect. Hold the
  /// result until the certificates are read. Errors: 429 when the key or channel is at its limit, 503 when all keys
  /// together are.
  struct CertificatePlaces {
    ShareTable::Share of_key;
    ShareTable::Share of_channel;
    ShareTable::Share of_all;
  };
  static constexpr std::uint64_t kCertificatesAtOnce = 16;
  static constexpr std::uint64_t kCertificatesOfAll = 192;
  checked<CertificatePlaces> take_certificates(const Principal& who, const std::string& channel);
  /// The 503, also for when the thread's queue is full; counts it.
  BadInput no_place_for_certificates();

  void add_metrics(MetricsPage& page) const;

 private:
  bool take_connection(Held& held, std::uint64_t key, bool was_made);

  const KeyLimits limits_;
  ShareTable connections_;
  ShareTable all_;
  ShareTable sessions_;
  ShareTable certificates_;
  std::atomic<std::uint64_t> refused_connections_{0};
  std::atomic<std::uint64_t> refused_sessions_{0};
  std::atomic<std::uint64_t> refused_certificates_{0};
  std::atomic<std::uint64_t> refused_all_certificates_{0};
};

}  // namespace sluice::api
