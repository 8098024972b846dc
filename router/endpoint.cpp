#include "router/endpoint.hpp"

#include <netinet/in.h>

#include <charconv>
#include <cstddef>
#include <cstring>

namespace sluice::router {

Endpoint make_endpoint(const boost::asio::ip::address& address, std::uint16_t port) {
  Endpoint endpoint;
  if (address.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    in.sin_addr.s_addr = htonl(address.to_v4().to_uint());
    std::memcpy(&endpoint.address, &in, sizeof in);
    endpoint.size = sizeof in;
    return endpoint;
  }
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port);
  const auto bytes = address.to_v6().to_bytes();
  std::memcpy(&in.sin6_addr, bytes.data(), bytes.size());
  in.sin6_scope_id = static_cast<std::uint32_t>(address.to_v6().scope_id());
  std::memcpy(&endpoint.address, &in, sizeof in);
  endpoint.size = sizeof in;
  return endpoint;
}

boost::asio::ip::address Endpoint::ip() const {
  namespace ip = boost::asio::ip;
  if (family() == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    return ip::address_v4(ntohl(in.sin_addr.s_addr));
  }
  sockaddr_in6 in{};
  std::memcpy(&in, &address, sizeof in);
  ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
  return ip::address_v6(bytes, in.sin6_scope_id);
}

std::uint16_t Endpoint::port() const {
  static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
  sockaddr_in in{};
  std::memcpy(&in, &address, sizeof in);
  return ntohs(in.sin_port);
}

bool same_address(const Endpoint& a, const Endpoint& b) {
  return a.size == b.size && std::memcmp(&a.address, &b.address, a.size) == 0;
}

HostAndPort split_address(std::string_view address) {
  HostAndPort parts;
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return parts;
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), parts.port);
  std::string_view host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  parts.host = host;
  return parts;
}

}  // namespace sluice::router
