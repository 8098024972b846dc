#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/asio/ip/address.hpp>

namespace sluice {

/// A socket address as connect(2) wants it.
struct Endpoint {
  sockaddr_storage address{};
  socklen_t size = 0;

  int family() const { return address.ss_family; }
};

Endpoint make_endpoint(const boost::asio::ip::address& address, std::uint16_t port);

/// "host:port" cut in two; the brackets of an IPv6 literal are gone. Checked text, see normal_address().
struct HostAndPort {
  std::string host;
  std::uint16_t port = 0;
};
HostAndPort split_address(std::string_view address);

}  // namespace sluice
