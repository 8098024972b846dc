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

/// What the transports of one shard share. Must outlive them.
struct DrainEnvironment {
  Shard& shard;
  Dialer& dialer;
  const DrainSettings& settings;
  std::shared_ptr<const TlsContext> default_tls;  // drains.ca_file or the system's CAs
  Lane& tls_lane;                                 // builds TLS contexts for drains with their own certificates
  std::string user_agent;                         // "Logplex/<version>"
  const SharedOfKinds* shared = nullptr;          // one per process; nullptr = kinds that need it do not work
  const ChannelNames* channels = nullptr;         // of this shard; nullptr = lines carry no channel name
  OwnLogs own = {};                               // ids sent along with lines
  std::shared_ptr<DialShares> dials = std::make_shared<DialShares>();  // of this shard
};

}  // namespace sluice::drains
