#pragma once

#include <string>
#include <utility>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "logplex/base/result.hpp"

namespace sluice {

/// Networks in a setting, such as router.trusted_proxies: "10.0.0.0/8", "::1/128", a bare address. An IPv4 network also
/// covers the IPv4-mapped IPv6 addresses of its members. Immutable; any thread.
class CidrList {
 public:
  CidrList() = default;
  /// The error names the entry.
  static boost::system::result<CidrList, Error> parse(const std::vector<std::string>& entries);

  bool contains(const boost::asio::ip::address& address) const;
  bool empty() const { return networks_.empty(); }

 private:
  struct Network {
    boost::asio::ip::address_v6::bytes_type bytes;  // an IPv4 address in its IPv4-mapped form
    unsigned bits;
  };
  std::vector<Network> networks_;
};

}  // namespace sluice
