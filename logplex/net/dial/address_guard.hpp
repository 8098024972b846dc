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

/// Says to which addresses tenants may make us connect: public ones, and those that an operator's CIDRs cover.
/// Loopback, link-local, private, unique-local, carrier-grade NAT, metadata services, multicast, documentation,
/// benchmark, reserved and unspecified addresses are refused, also when they hide in IPv4-mapped, IPv4-compatible,
/// 6to4, Teredo or NAT64 IPv6 addresses. Immutable once the shards run; any thread.
class AddressGuard {
 public:
  AddressGuard() = default;
  /// `allow_cidrs` as in drains.allow_cidrs: "10.0.0.0/8", "::1/128", a bare address. The error names the entry.
  static boost::system::result<AddressGuard, Error> parse(const std::vector<std::string>& allow_cidrs);

  /// Our own listeners, which nobody may make us connect to, whatever the CIDRs say: a loop would follow. An address of
  /// a listener may be a wildcard: then it is any address of this machine. Before the shards start.
  void refuse_listeners(std::vector<boost::asio::ip::tcp::endpoint> listeners) { listeners_ = std::move(listeners); }
  bool is_own_listener(const boost::asio::ip::address& address, std::uint16_t port) const;
  /// Why a connection there is refused, as the end of a sentence that names no address; empty when allowed.
  std::string refusal(const boost::asio::ip::address& address, std::uint16_t port) const;

  bool allows(const boost::asio::ip::address& address) const { return refusal(address).empty(); }
  /// What kind of address it is that we refuse ("loopback"); empty when allowed.
  std::string_view refusal(const boost::asio::ip::address& address) const;

 private:
  bool listed(const boost::asio::ip::address& address) const;

  std::vector<boost::asio::ip::tcp::endpoint> listeners_;
  std::vector<boost::asio::ip::network_v4> v4_;
  std::vector<boost::asio::ip::network_v6> v6_;
};

}  // namespace sluice
