#pragma once

#include <optional>
#include <string>

#include "drains/kinds/drain_environment.hpp"
#include "drains/kinds/transport.hpp"

namespace sluice::drains {

/// What one synthetic line met on its way to a drain's receiver.
struct DrainTestReport {
  SendReport sent;
  bool delivered = false;
  Duration latency{};
  std::optional<TlsFacts> tls;
};

/// Sends one line now over a connection of its own, apart from the drain's lines and account. Any shard that has an
/// environment, which must outlive the task. Ends within the transport's time limits.
Task<DrainTestReport> test_drain(const DrainEnvironment& environment, Drain drain);

}  // namespace sluice::drains
