#include "logplex/ingress/line_ways.hpp"

#include <algorithm>

#include "logplex/wire/passed_element.hpp"

namespace sluice::ingress {

std::optional<LineWays> LineWays::make(const PassedFields& fields, std::span<const std::uint64_t> own) {
  if (have_common(fields.of_all(), own)) return std::nullopt;
  auto stretches = fields.stretches();
  if (!stretches) return std::nullopt;
  for (PassedFields::Stretch& stretch : *stretches)
    if (stretch.logs && have_common(stretch.logs->ids(), own)) stretch.logs.reset();
  const bool all = std::none_of(stretches->begin(), stretches->end(), [](const auto& it) { return it.logs; });
  if (all) return std::nullopt;
  LineWays ways;
  ways.stretches_ = std::move(*stretches);
  return ways;
}

}  // namespace sluice::ingress
