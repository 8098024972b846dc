#pragma once

#include <memory>
#include <string>

#include "drains/kinds/dial_shares.hpp"
#include "drains/kinds/own_logs.hpp"
#include "logplex/base/settings.hpp"
#include "logplex/net/dial/dial.hpp"
#include "logplex/net/tls/tls_context.hpp"
#include "logplex/runtime/lane.hpp"

namespace sluice::drains {

class ChannelNames;
class SharedOfKinds;

/// What transports share on a shard. Outlives them.
struct DrainEnvironment {
  Shard& shard;
  Dialer& dialer;
  const DrainSettings& settings;
  std::shared_ptr<const TlsContext> default_tls;  // drains.ca_file or the system's CAs
  Lane& tls_lane;                                 // makes contexts for drains with certificates of their own
  std::string user_agent;                         // "Logplex/<version>"
  const SharedOfKinds* shared = nullptr;          // of the process; nullptr = kinds that share something do not work
  const ChannelNames* channels = nullptr;         // of this shard; nullptr = lines go without their channel's name
  OwnLogs own = {};                               // receivers are told
  std::shared_ptr<DialShares> dials = std::make_shared<DialShares>();  // of this shard
};

}  // namespace sluice::drains
