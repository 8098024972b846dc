#pragma once

#include <cstdint>
#include <map>

#include "drains/kinds/drain_kind.hpp"

namespace sluice::drains {

/// The metrics of Kafka drains for one scrape. The kNamed global drains with the lowest ids have their own label value,
/// so that all shards choose the same ones; only operators make global drains. Other global drains are summed as
/// "other", drains of channels as "channels". So the label never has more than kNamed + 2 values.
class KafkaMetrics final : public KindMetrics {
 public:
  static constexpr std::size_t kNamed = 32;

  void add_global(std::uint64_t drain, const Ledger& ledger) override { global_[drain].add(ledger); }
  void add_of_channels(const Ledger& ledger) override;
  void write(MetricsPage& page) const override;

 private:
  std::map<std::uint64_t, Ledger> global_;
  Ledger channels_;
  bool any_of_channels_ = false;
};

}  // namespace sluice::drains
