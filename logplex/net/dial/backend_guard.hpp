#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "logplex/base/result.hpp"
#include "logplex/net/dial/address_guard.hpp"
#include "logplex/net/dial/cidr_list.hpp"

namespace sluice {

/// Says to which addresses backends may lead. What a backend answers is shown to whoever asks, so an address that only
/// we reach must not be one: router.deny_cidrs, but for router.allow_cidrs, and always our own listeners. IPv4
/// addresses count also where they hide in IPv4-mapped, IPv4-compatible, NAT64 or 6to4 IPv6 addresses. Immutable once
/// the shards run; any thread.
class BackendGuard {
 public:
  BackendGuard() = default;
  /// The error names setting and entry.
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
  /// For who does not speak for the whole node: loopback addresses only where router.allow_cidrs names them.
  std::string_view refusal_for_tenants(const boost::asio::ip::address& address, std::uint16_t port) const;

 private:
  CidrList deny_;
  CidrList allow_;
  AddressGuard own_;
};

}  // namespace sluice
