#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "logplex/ingress/ingress_part.hpp"

namespace sluice::ingress {

class IngressPools;

/// The parts of all kinds of ingress on one shard, one of each. On that shard; what it is made of outlives it.
class IngressParts {
 public:
  IngressParts(Shard& shard, const Settings& settings, Intake& intake, IngressPools& pools);

  /// The handler of a listener setting, or nullptr when it is not that of a kind of ingress.
  ConnectionHandler* handler_of(std::string_view setting);
  void stop_accepting();
  Task<void> finished();
  void cancel();
  void add_metrics(MetricsPage& page) const;

 private:
  struct Part {
    std::string_view setting;
    std::unique_ptr<IngressPart> part;
  };

  std::vector<Part> parts_;
};

}  // namespace sluice::ingress
