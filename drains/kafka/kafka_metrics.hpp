#pragma once

#include <cstdint>
#include <map>

#include "drains/kinds/ledger.hpp"

namespace sluice {
class MetricsPage;
struct Drain;
}  // namespace sluice

namespace sluice::drains {

/// Collects the figures of Kafka drains for one scrape. Global drains, which
/// operators make, have theirs under their id: those with the lowest ids, so
/// that all shards choose the same; others are summed as "other", those of
/// channels as "channels". So there are never more than kNamed + 2 values of
/// the label.
class KafkaMetrics {
 public:
  static constexpr std::size_t kNamed = 32;

  /// Does nothing for a drain that is not a Kafka drain.
  void add(const Drain& drain, const Ledger& ledger);
  void write(MetricsPage& page) const;

 private:
  std::map<std::uint64_t, Ledger> global_;
  Ledger channels_;
  bool any_ = false;
};

}  // namespace sluice::drains
