#include "logplex/channel/shares.hpp"

namespace sluice {

std::vector<std::uint64_t> split_budget(std::uint64_t budget, std::span<const ShareDemand> demands) {
  const std::uint64_t floor = budget / 4 / demands.size();
  const std::uint64_t rest = budget - floor * demands.size();
  double wanted = 0;
  for (const auto& demand : demands) wanted += static_cast<double>(demand.used + demand.evicted);
  std::vector<std::uint64_t> shares;
  for (const auto& demand : demands) {
    const double part = wanted > 0 ? static_cast<double>(demand.used + demand.evicted) / wanted
                                   : 1.0 / static_cast<double>(demands.size());
    shares.push_back(floor + static_cast<std::uint64_t>(static_cast<double>(rest) * part));
  }
  return shares;
}

}  // namespace sluice
