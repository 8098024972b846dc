#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/asio/ip/address.hpp>

#include "logplex/base/clock.hpp"

namespace sluice::router {

/// A socket address for connect(2), and until when it is in quarantine because connecting to it failed.
struct Endpoint {
  sockaddr_storage address{};
  socklen_t size = 0;
  SteadyTime quarantined_until{};

  int family() const { return address.ss_family; }
  bool quarantined(SteadyTime now) const { return now < quarantined_until; }
  boost::asio::ip::address ip() const;
  std::uint16_t port() const;
};
bool same_address(const Endpoint& a, const Endpoint& b);

Endpoint make_endpoint(const boost::asio::ip::address& address, std::uint16_t port);

/// "host:port" split in two, without the brackets of an IPv6 literal. The text must have been checked, see
/// normal_address().
struct HostAndPort {
  std::string host;
  std::uint16_t port = 0;
};
HostAndPort split_address(std::string_view address);

}  // namespace sluice::router
