#pragma once

#include <string>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "logplex/base/result.hpp"
#include "logplex/base/units.hpp"
#include "logplex/net/net_error.hpp"
#include "logplex/runtime/lane.hpp"

namespace sluice {

/// One question to a Resolver.
struct NameQuery {
  std::string host;    // name or address literal (IPv6 with or without brackets)
  std::string owner;   // whose share of look-ups this is, such as a channel or an app; empty = the operator's own
  Duration timeout{};  // how long this caller waits; the look-up itself may go on for others
  bool anew = false;   // the addresses known so far do not work: do not answer from the cache
};

struct ResolverOptions {
  std::string user = "names";  // label of its metrics: who looks up names here
};

/// Finds the addresses of host names. Router, drains and store have one each, so that they do not wait for each other.
/// Used by all shards; destroyed before the runtime.
class Resolver {
 public:
  using Addresses = std::vector<asio::ip::address>;

  explicit Resolver(const ResolverOptions& options = {}) : lane_(options.user, 4, 256) {}

  /// Never empty. Address literals are answered at once. Errors: kNoSuchHost (the name servers say that there is no
  /// such name, or no address), kDnsTimeout (no name server gave an answer in time), kResolverBusy (the owner has too
  /// many look-ups under way).
  Task<result<Addresses, Error>> resolve(NameQuery query);

 private:
  Lane lane_;
};

/// "[::1]" without its brackets; other text as it is.
std::string without_brackets(const std::string& host);

}  // namespace sluice
