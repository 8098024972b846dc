#pragma once

#include <optional>
#include <string>

#include "drains/kinds/drain_environment.hpp"
#include "drains/kinds/transport.hpp"

namespace sluice::drains {

/// The outcome of one test line that was sent to a drain's receiver.
struct DrainTestReport {
  SendReport sent;
  bool delivered = false;
  Duration latency{};
  std::optional<TlsFacts> tls;
};

/// Sends one line at once over its own connection; it does not touch the drain's lines or counts. Runs on any shard
/// that has an environment, which must outlive the task. Ends within the transport's time limits.
Task<DrainTestReport> test_drain(const DrainEnvironment& environment, Drain drain);

}  // namespace sluice::drains
