#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "logplex/base/settings.hpp"
#include "logplex/runtime/task.hpp"

namespace sluice {
class ConnectionHandler;
class MetricsPage;
class Shard;
class UnprovenPool;
}  // namespace sluice

namespace sluice::ingress {

class Intake;

/// What a part may use. All of it outlives the part.
struct IngressEnvironment {
  Shard& shard;
  const Settings& settings;
  Intake& intake;
  /// Of this kind's listener. A part whose senders show tokens has an UnprovenList in it.
  UnprovenPool& unproven;
};

/// A kind of ingress on one shard: takes the connections of its listener, cuts their bytes into messages and appends
/// these through the intake. On its shard.
///
///     stop_accepting() -> finished(), in good time; otherwise cancel() -> finished() -> destroyed
class IngressPart {
 public:
  virtual ~IngressPart() = default;

  /// Takes the connections; lives as long as the part.
  virtual ConnectionHandler& handler() = 0;
  /// Takes no new connection or request. What has arrived is still read, then each connection is closed.
  virtual void stop_accepting() = 0;
  /// Returns when all connections are closed and their lines handed to the intake.
  virtual Task<void> finished() = 0;
  /// Ends every connection now; finished() then returns soon.
  virtual void cancel() = 0;
  virtual void add_metrics(MetricsPage& page) const = 0;
};

/// A kind of ingress. The kinds are listed in logplex/base/ingress_listeners.def.
struct IngressKind {
  std::string_view setting;                 // the addresses of its listeners, "ingress.http"
  std::string IngressSettings::*addresses;  // its value
  std::unique_ptr<IngressPart> (*make_part)(const IngressEnvironment& environment);
};

#define SLUICE_INGRESS(name, addresses, sentence) \
  std::unique_ptr<IngressPart> name##_part(const IngressEnvironment& environment);
#include "logplex/base/ingress_listeners.def"
#undef SLUICE_INGRESS

/// In the order of the rows.
std::span<const IngressKind> ingress_kinds();

}  // namespace sluice::ingress
