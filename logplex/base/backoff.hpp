#pragma once

#include <algorithm>

#include "logplex/base/rng.hpp"
#include "logplex/base/units.hpp"

namespace sluice {

/// Exponential back-off with jitter: the k-th pause is between half and all of min(max, min * 2^k), so that clients
/// that failed together do not retry together.
class Backoff {
 public:
  Backoff(Duration shortest, Duration longest) : shortest_(shortest), longest_(longest), next_(shortest) {}

  Duration pause(Rng& rng) {
    const Duration whole = next_;
    next_ = std::min(longest_, next_ * 2);
    const auto half = static_cast<std::uint64_t>(whole.count() / 2);
    return whole / 2 + Duration(static_cast<Duration::rep>(rng.below(half + 1)));
  }
  void reset() { next_ = shortest_; }

 private:
  Duration shortest_;
  Duration longest_;
  Duration next_;
};

}  // namespace sluice
