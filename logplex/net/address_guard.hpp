#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include "logplex/base/result.hpp"

namespace sluice {

/// Says to which addresses tenants may make us connect: public ones, and those that an operator's CIDRs cover.
/// Loopback, link-local, private, unique-local, carrier-grade NAT, metadata services, multicast, documentation,
/// benchmark, reserved and unspecified addresses are refused, also when they hide in IPv4-mapped, IPv4-compatible,
/// 6to4, Teredo or NAT64 IPv6 addresses. Immutable; any thread.
class AddressGuard {
 public:
  AddressGuard() = default;
  /// `allow_cidrs` as in drains.allow_cidrs: "10.0.0.0/8", "::1/128", a bare address. The error names the entry.
  static boost::system::result<AddressGuard, Error> parse(const std::vector<std::string>& allow_cidrs);

  bool allows(const boost::asio::ip::address& address) const { return refusal(address).empty(); }
  /// What kind of address it is that we refuse ("loopback"); empty when allowed.
  std::string_view refusal(const boost::asio::ip::address& address) const;

 private:
  bool listed(const boost::asio::ip::address& address) const;

  std::vector<boost::asio::ip::network_v4> v4_;
  std::vector<boost::asio::ip::network_v6> v6_;
};

}  // namespace sluice
