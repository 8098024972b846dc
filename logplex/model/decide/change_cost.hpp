#pragma once

#include <cstddef>

#include "logplex/model/change.hpp"

namespace sluice {

class ConfigSnapshot;

/// Redis takes 36 us for each entry that is written or removed, and 26 us for each KiB of a value (its SLOWLOG,
/// 2026-11-29). So each entry counts as this many bytes in addition to its size.
constexpr std::size_t kCostOfAnEntry = 4 << 10;
/// For a change that removes a channel, which may have many tokens and drains by then.
constexpr std::size_t kCostOfAChannel = 64 << 10;

/// What a change costs a store, in bytes, in addition to the bytes of its request: kCostOfAnEntry for each entry that
/// it writes or removes, and the sizes of entries that it rewrites although the request does not contain them.
/// Estimated without deciding the change.
std::size_t cost_of(const Change& change, const ConfigSnapshot& config);

}  // namespace sluice
