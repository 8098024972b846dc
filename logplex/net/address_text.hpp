#pragma once

#include <sys/socket.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/result.hpp"
#include "logplex/net/socket.hpp"

namespace sluice {

/// "host:port" as operators write it.
struct HostPort {
  std::string host;  // without brackets; empty = any
  std::uint16_t port = 0;
};

/// "1.2.3.4:80", "[::1]:80", "name:80"; ":80" and "*:80" mean any host. The error says what is wrong with the text.
result<HostPort, Error> parse_host_port(std::string_view text);
/// The entries of a comma list, without surrounding spaces; empty entries are left out.
std::vector<std::string> split_addresses(std::string_view list);
/// {"router.http": 40123, "api.listen": [1, 2]}
std::string format_ports(const std::map<std::string, std::vector<std::uint16_t>>& ports);

/// An AF_INET or AF_INET6 address; IPv4-mapped IPv6 becomes IPv4.
Peer peer_of(const sockaddr_storage& address);

}  // namespace sluice
