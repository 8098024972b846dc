#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "logplex/base/result.hpp"

namespace sluice {

/// Decides to which addresses tenants may make us connect: public ones, and those that the operator's CIDRs cover.
/// Loopback, link-local, private, unique-local, carrier-grade NAT, metadata services, multicast, documentation,
/// benchmark, reserved and unspecified addresses are refused, also inside IPv4-mapped, IPv4-compatible, 6to4, Teredo or
/// NAT64 IPv6 addresses. Immutable once the shards run; any thread.
class AddressGuard {
 public:
  AddressGuard() = default;
  /// `allow_cidrs` as in drains.allow_cidrs: "10.0.0.0/8", "::1/128", a bare address. The error names the entry.
  static boost::system::result<AddressGuard, Error> parse(const std::vector<std::string>& allow_cidrs);

  /// Sets our own listeners. A connection to them is refused whatever the CIDRs say, because it would make a loop. A
  /// listener on a wildcard address stands for every address of this machine. Call it before the shards start.
  void refuse_listeners(std::vector<boost::asio::ip::tcp::endpoint> listeners) { listeners_ = std::move(listeners); }
  bool is_own_listener(const boost::asio::ip::address& address, std::uint16_t port) const;
  /// Why a connection there is refused, as the end of a sentence that names no address; empty when allowed.
  std::string refusal(const boost::asio::ip::address& address, std::uint16_t port) const;

  bool allows(const boost::asio::ip::address& address) const { return refusal(address).empty(); }
  /// The kind of a refused address ("loopback"); empty when allowed.
  std::string_view refusal(const boost::asio::ip::address& address) const;

 private:
  bool listed(const boost::asio::ip::address& address) const;

  std::vector<boost::asio::ip::tcp::endpoint> listeners_;
  std::vector<boost::asio::ip::network_v4> v4_;
  std::vector<boost::asio::ip::network_v6> v6_;
};

}  // namespace sluice
