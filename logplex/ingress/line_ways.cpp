#include "logplex/ingress/line_ways.hpp"

#include <algorithm>

namespace sluice {
namespace {

bool has_one_of(std::span<const std::uint64_t> ids, std::span<const std::uint64_t> own) {
  return std::find_first_of(ids.begin(), ids.end(), own.begin(), own.end()) != ids.end();
}

}  // namespace

std::optional<LineWays> LineWays::make(const PassedFields& fields, std::span<const std::uint64_t> own) {
  if (has_one_of(fields.of_all(), own)) return std::nullopt;
  auto stretches = fields.stretches();
  if (!stretches) return std::nullopt;
  for (PassedFields::Stretch& stretch : *stretches)
    if (stretch.logs && has_one_of(stretch.logs->ids(), own)) stretch.logs.reset();
  const bool all = std::none_of(stretches->begin(), stretches->end(), [](const auto& it) { return it.logs; });
  if (all) return std::nullopt;
  LineWays ways;
  ways.stretches_ = std::move(*stretches);
  return ways;
}

}  // namespace sluice
