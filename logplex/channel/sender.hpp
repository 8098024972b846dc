#pragma once

#include <cstdint>

namespace sluice {

/// Tells the senders of one channel apart when their rates are counted: a token or an API key. A hash, so two senders
/// are taken for one in one of 2^32 cases. None: the router, which no sender can make write more.
struct SenderId {
  std::uint32_t value = 0;

  constexpr bool valid() const { return value != 0; }
  static constexpr SenderId of(std::uint64_t hash) {
    const auto folded = static_cast<std::uint32_t>(hash ^ hash >> 32);
    return {folded == 0 ? 1 : folded};
  }
};

}  // namespace sluice
