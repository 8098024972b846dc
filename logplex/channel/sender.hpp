#pragma once

#include <cstdint>

namespace sluice {

/// The token or the API key that a line came with, as a hash: it tells the senders of one channel apart when their
/// rates are counted. Two senders have the same hash in one of 2^32 cases. Not valid: the line is the router's.
struct SenderId {
  std::uint32_t value = 0;

  constexpr bool valid() const { return value != 0; }
  static constexpr SenderId of(std::uint64_t hash) {
    const auto folded = static_cast<std::uint32_t>(hash ^ hash >> 32);
    return {folded == 0 ? 1 : folded};
  }
};

}  // namespace sluice
