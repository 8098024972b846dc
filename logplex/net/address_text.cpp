#include "logplex/net/address_text.hpp"

#include <netinet/in.h>

#include <charconv>
#include <cstring>

#include <boost/asio/ip/address_v6.hpp>

namespace sluice {
namespace {

Error invalid(std::string sentence) {
  return {make_error_code(boost::system::errc::invalid_argument), std::move(sentence)};
}

result<std::uint16_t, Error> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failed != std::errc() || end != text.data() + text.size() || text.empty())
    return invalid("the port must be a number from 0 to 65535");
  return port;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

result<HostPort, Error> parse_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return invalid("it must have the form host:port");
  HostPort where;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (host.empty()) return invalid("the brackets hold no address");
  } else if (host.find(':') != std::string_view::npos) {
    return invalid("an IPv6 address must stand in brackets: [::1]:80");
  }
  SLUICE_TRY(where.port, parse_port(text.substr(colon + 1)));
  if (host != "*") where.host = host;
  return where;
}

std::vector<std::string> split_addresses(std::string_view list) {
  std::vector<std::string> all;
  while (!list.empty()) {
    const auto comma = list.find(',');
    if (const auto entry = trim(list.substr(0, comma)); !entry.empty()) all.emplace_back(entry);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return all;
}

std::string format_ports(const std::map<std::string, std::vector<std::uint16_t>>& ports) {
  std::string json = "{";
  for (const auto& [setting, numbers] : ports) {
    if (json.size() > 1) json += ", ";
    json += '"' + setting + "\": ";
    if (numbers.size() > 1) json += '[';
    for (std::size_t i = 0; i < numbers.size(); ++i) json += (i == 0 ? "" : ", ") + std::to_string(numbers[i]);
    if (numbers.size() > 1) json += ']';
  }
  return json + "}\n";
}

Peer peer_of(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    return {asio::ip::address_v4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port)};
  }
  sockaddr_in6 v6;
  std::memcpy(&v6, &address, sizeof v6);
  asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  const asio::ip::address_v6 parsed(bytes, v6.sin6_scope_id);
  if (parsed.is_v4_mapped()) return {asio::ip::make_address_v4(asio::ip::v4_mapped, parsed), ntohs(v6.sin6_port)};
  return {parsed, ntohs(v6.sin6_port)};
}

}  // namespace sluice
