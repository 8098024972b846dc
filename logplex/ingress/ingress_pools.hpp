#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string_view>

#include "logplex/ingress/ingress_part.hpp"
#include "logplex/net/unproven.hpp"

namespace sluice::ingress {

/// What the ingress parts of all shards share: for each kind, the count of connections without a valid token so far.
/// One per process; any thread; outlives the shards' parts.
class IngressPools {
 public:
  IngressPools(std::uint32_t shards, const Settings& settings, std::span<const IngressKind> kinds = ingress_kinds());

  std::span<const IngressKind> kinds() const { return kinds_; }
  /// `setting` must be that of one of the kinds.
  UnprovenPool& of(std::string_view setting);
  void add_metrics(MetricsPage& page) const;

 private:
  const std::span<const IngressKind> kinds_;
  std::deque<UnprovenPool> pools_;  // in the order of the kinds
};

}  // namespace sluice::ingress
