#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "logplex/base/result.hpp"
#include "logplex/net/dial/address_guard.hpp"
#include "logplex/net/dial/cidr_list.hpp"

namespace sluice {

/// Decides which addresses backends may have. Any client sees what a backend answers, so a backend must not be an
/// address that only this node reaches. Refuses router.deny_cidrs, except for router.allow_cidrs, and always our own
/// listeners. Also checks IPv4 addresses inside IPv4-mapped, IPv4-compatible, NAT64 or 6to4 IPv6 addresses. Immutable
/// once the shards run; any thread.
class BackendGuard {
 public:
  BackendGuard() = default;
  /// The error names the setting and the entry.
  static boost::system::result<BackendGuard, Error> parse(const std::vector<std::string>& deny_cidrs,
                                                          const std::vector<std::string>& allow_cidrs);
  /// Before the shards run.
  void refuse_listeners(std::vector<boost::asio::ip::tcp::endpoint> listeners) {
    own_.refuse_listeners(std::move(listeners));
  }

  /// Why a connection there is refused, as the end of a sentence; empty when allowed.
  std::string_view refusal(const boost::asio::ip::address& address, std::uint16_t port) const;
  bool allows(const boost::asio::ip::address& address, std::uint16_t port) const {
    return refusal(address, port).empty();
  }
  /// The same for backends made by keys that are limited to channels: also refuses loopback addresses, unless
  /// router.allow_cidrs names them.
  std::string_view refusal_for_tenants(const boost::asio::ip::address& address, std::uint16_t port) const;

 private:
  CidrList deny_;
  CidrList allow_;
  AddressGuard own_;
};

}  // namespace sluice
